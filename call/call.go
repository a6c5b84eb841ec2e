// Package call makes legs into calls: it books a line, follows the call through Twilio's states to its
// cause, and joins calls with one another. One goroutine owns each call; it writes every state, its
// timeline events and its callbacks in one change before anybody is told.
package call
