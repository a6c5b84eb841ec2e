// Package kaden is the floor plan of the house; it holds no code.
//
// kaden (架電) turns a monitoring alert into a phone call that a person answers and confirms, and is a
// Twilio-compatible voice platform below that. Every room is a folder here at the root:
//
//	monitoring           ┌──────────────── dispatch ───────────────┐        people
//	Mackerel, curl ──▶ alert ──▶ oncall ──▶ callout ──▶ voice ──▶ call ──▶ leg ──▶ media ))) ☎
//	                     who can be         whom to      TwiML     joined   one     20 ms
//	                     reached            ring (pure)  runs      legs     phone   frames
//	◀── callbacks, timeline, console ◀──── events: digit ◀ answered ◀ ended ◀ status ◀────────
//
// Commands go right by function call; events come back left. No room knows who listens to it.
// What decides does no I/O; what does I/O decides nothing.
//
// Words, each readable alone, without I/O: number, sid, timeline, problem, twiml, callout,
// alert and its children, oncall, account, tariff, trunk, manifest.
//
// Machines, sound and lines: media, leg and its children, registrar, call, speech, voice, message and its children.
//
// Work: dispatch, notice, job. Doors: rest, intake, api, clientsdk, webhook, upstream, store, web.
//
// Roof: cmd/kaden, where alone all rooms meet. For tests: phonetest.
//
// house_test.go holds this plan: who may import whom, with the reason, and that each room speaks for itself.
package kaden
