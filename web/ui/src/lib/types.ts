// The words of the API, by the names the console uses. The types themselves are generated from its description.
import type { components } from './api.gen';

type S = components['schemas'];

export type Alert = S['Alert'];
export type Alerts = S['Alerts'];
export type Detail = S['Detail'];
export type Attempt = S['AttemptView'];
export type Ringing = S['Ringing'];
export type Event = S['Event'];
export type Status = S['Status'];
export type Warning = S['Warning'];
export type Source = S['Source'];
export type Setup = S['Setup'];
export type Plan = S['Plan'];
export type Step = S['Step'];
export type Refusal = S['Refusal'];
export type TestAlert = S['TestAlert'];
export type Hold = S['Hold'];
export type Trunk = S['Trunk'];
export type SMSC = S['SMSC'];
export type Why = S['Why'];
export type Person = S['Person'];
export type Contact = S['Contact'];
export type Verified = S['Verified'];
export type Proof = S['Proof'];
export type Proven = S['Proven'];
export type Phone = S['Phone'];
export type PhoneSettings = S['PhoneSettings'];
export type PhoneLink = S['PhoneLink'];
export type Usage = S['Usage'];
export type UsageLine = S['UsageLine'];
export type Drill = S['Drill'];
export type Question = S['Question'];
export type Chosen = S['Chosen'];
export type PhoneToken = S['PhoneToken'];
export type Callee = S['Callee'];
export type Duty = S['Duty'];
export type Presence = S['Presence'];
export type Absent = S['Absent'];
export type Device = S['Device'];
export type Reason = S['Reason'];
export type Bin = S['Bin'];
export type BinWritten = S['BinWritten'];
export type BinTried = S['BinTried'];
export type BinVersion = S['BinVersion'];
export type Problem = S['Problem'];

export type Lang = 'en' | 'ja';

/** Text in both languages. */
export type Both = Record<Lang, string>;

/** Gives the name of a person for an id, or the id. */
export type NameOf = (id: string) => string;
