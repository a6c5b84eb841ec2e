// Package webleg is a browser as a phone: legs over WebRTC, with pion as the engine.
//
// An [Engine] holds one UDP port, and a TCP listener on the same number for offices that let no UDP out. All
// browsers share it. How offers and answers travel is not said here: whoever talks with the browser (clientsdk)
// hands them over and is told what to say back ([Signaller]). SDP carries all candidates at once (no trickle).
//
// Only PCMU, PCMA and telephone-event at 8 kHz are spoken, so nothing is transcoded on the way to a trunk. RTP
// goes out for as long as there is a connection, silence too. A browser that no longer answers ICE's consent
// checks for 30 s (RFC 7675) is lost; until then it may come back by an ICE restart, or another page may take
// the call over ([Leg.Restart]).
package webleg
