// The way from a few questions to a plan. The server knows the questions; this keeps the answers. Pure.
import type { Both, Chosen, Lang, Question } from './types';

export interface Given {
  /** What was asked, as the server asked it. */
  question: Question;
  answer: string;
}

/** The server's two languages are en and ja; ours as well. */
export const inLang = (w: Both | undefined, lang: Lang): string => w?.[lang] ?? '';

/** The answers to be sent, with one more. */
export function answersWith(given: Given[], answer: string): string[] {
  return [...given.map((g) => g.answer), answer];
}

/** What is kept after an answer was sent: nothing new if the same question came back, because the answer did not fit. */
export function after(given: Given[], asked: Question, answer: string, got: Chosen): Given[] {
  if (got.open && got.open.at <= asked.at) return given.slice(0, got.open.at);
  return [...given, { question: asked, answer }];
}

/** How an answer reads: an option by its text, what was left empty by what it means. */
export function said(g: Given, lang: Lang): string {
  const word = g.answer || g.question.usual || '';
  const option = g.question.options?.find((o) => o.word === word);
  return option ? inLang(option.text, lang) : word;
}
