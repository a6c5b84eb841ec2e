// Package clientsdk speaks with browsers that run Twilio's own JavaScript voice SDK, unmodified: @twilio/voice-sdk 2.x
// and twilio-client 1.15.
//
// A [Server] answers the SDK's WebSocket (/signal), checks its tokens ([Verify]) and knows which identities are on duty
// in which tabs. As a leg.Dialer for client: addresses it rings every tab of an identity as one leg: the first to
// answer is connected, the others fall silent. Calls that a page makes are handed to [Config.Receive] with the
// application that its token names. Sound is none of its business: an [Engine] (leg/webleg) makes and takes the SDPs.
//
// The signalling is not documented by Twilio. What is written here was read from the SDK's sources (Apache-2.0) and seen
// in trials with Chromium; clientsdk_test.go holds its traps. One goroutine reads each socket, so that its
// frames are treated strictly in their order. A Server may be used from any goroutine.
package clientsdk
