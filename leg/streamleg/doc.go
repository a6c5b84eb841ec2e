// Package streamleg is a telephone behind another platform: the platform carries the call, and its sound comes here
// over a WebSocket, as Twilio's Media Streams have it (<Connect><Stream>).
//
// A [Leg] is told how the call goes by whoever ordered it there ([Leg.Tries], [Leg.Rings], [Leg.Answers], [Leg.Ends]),
// and given the platform's WebSocket when that comes ([Leg.Carry]): somebody has answered then. Keys arrive as messages;
// what we press is sent as tones, because the protocol has no word for it. There is no sound before the answer.
package streamleg
