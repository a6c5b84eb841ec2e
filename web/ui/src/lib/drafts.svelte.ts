// What is being written and not saved yet, by what it is about. It lasts as long as this page.
export const drafts = $state<Record<string, string>>({});
