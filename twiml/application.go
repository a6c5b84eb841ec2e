package twiml

import (
	"errors"
	"strings"
)

// Application is a TwiML App: what it says is heard, as if it had been called.
type Application struct {
	Pos
	SID          string      // AP…
	CustomerID   string      // told to it as CustomerId; "" is the account's SID
	CopyParentTo bool        // it is told that the caller's number was called, and not AP…
	Parameters   []Parameter // told to it, each as Param_name
	Party
}

// Name is the noun's name in a document.
func (*Application) Name() string { return "Application" }

func (c *checker) application(n *node, v values) Noun {
	a := &Application{Pos: n.Pos, SID: n.text(), CustomerID: v["customerId"], CopyParentTo: v["copyParentTo"] == "true", Party: c.party(n, v)}
	for k, v := range c.parts(n) {
		switch k.name {
		case "ApplicationSid":
			a.SID = k.text()
		case "Parameter":
			a.Parameters = append(a.Parameters, Parameter{v["name"], v["value"]})
		}
	}
	switch {
	case a.SID == "":
		c.warn(n.Pos, codeSchema, n.name, "no application: skipped", "put its SID, AP…, between <Application> and </Application>")
		return nil
	case !strings.HasPrefix(a.SID, "AP") && !strings.Contains(a.SID, "{{"):
		c.warn(n.Pos, codeSchema, n.name, "an application is named by its SID", "AP and 32 figures; the console and the API show it")
	}
	return a
}

func (a *Application) write(w *writer) error {
	as, err := a.attrs("Application", attr("customerId", a.CustomerID), unless("copyParentTo", a.CopyParentTo, false))
	if err != nil {
		return err
	}
	if trim(a.SID) == "" {
		return errors.New("Application: no SID")
	}
	if len(a.Parameters) == 0 {
		w.leaf("Application", a.SID, as...)
		return nil
	}
	w.open("Application", as...)
	w.leaf("ApplicationSid", a.SID)
	w.parameters(a.Parameters)
	w.close()
	return nil
}

// parameters are <Parameter>s.
func (w *writer) parameters(list []Parameter) {
	for _, p := range list {
		w.leaf("Parameter", "", attr("name", p.Name), attr("value", p.Value))
	}
}
