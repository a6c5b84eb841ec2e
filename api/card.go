package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"rsc.io/qr"

	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
)

// A phone shows the name of a caller it knows, and lets it through do-not-disturb if its owner says so once
// for that contact. So people keep one contact with every number that kaden may call from (rule 31).

const (
	cardType = "text/vcard; charset=utf-8"
	foldAt   = 75 // octets of a line, its end not counted (RFC 6350, 3.2)
)

func (a *API) cardRoutes() {
	noNumber := refuse(http.StatusNotFound, "kaden has no number of its own to be kept as a contact",
		`write from: "+815012345678" in the trunk or the plan, or a number: document for one that can be called, and give it to kaden apply`)
	huma.Register(a.huma, huma.Operation{
		OperationID: "contactCard", Method: http.MethodGet, Path: "/api/contact-card.vcf",
		Summary:   "All numbers that kaden calls from, as one contact (vCard)",
		Responses: text("The contact.", "text/vcard"),
	}, func(_ context.Context, in *struct {
		Version string `query:"version" enum:"3.0,4.0" default:"3.0" doc:"Of vCard; 3.0 is what phones import best."`
	}) (*file, error) {
		numbers := callerIDs(a.cfg.House(), a.cfg.Region)
		if len(numbers) == 0 {
			return nil, noNumber
		}
		return &file{
			ContentType: cardType, Disposition: `attachment; filename="kaden.vcf"`,
			Body: vcard(in.Version, a.cfg.Name, numbers),
		}, nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "contactCode", Method: http.MethodGet, Path: "/api/contact-card.svg",
		Summary:     "The same contact as a QR code, to be scanned by a phone",
		Description: "The code holds the contact itself, not an address: the phone that scans it need not reach this server.",
		Responses:   text("The code.", "image/svg+xml"),
	}, func(ctx context.Context, _ *struct{}) (*file, error) {
		numbers := callerIDs(a.cfg.House(), a.cfg.Region)
		if len(numbers) == 0 {
			return nil, noNumber
		}
		code, err := qr.Encode(string(vcard("3.0", a.cfg.Name, numbers)), qr.L)
		if err != nil { // more than 2,953 bytes: about eighty numbers
			return nil, refuse(http.StatusUnprocessableEntity, "the contact is too long for a QR code", "download /api/contact-card.vcf instead")
		}
		return &file{ContentType: "image/svg+xml", Body: svg(code)}, nil
	})
}

// callerIDs are the numbers that people may see when kaden calls: of plans, of trunks, and its own, each once.
// What is no telephone number (a SIP user, anonymous) is left out.
func callerIDs(set *manifest.Set, region string) (out []number.Number) {
	add := func(s string) {
		if n, err := number.Parse(s, region); err == nil && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set.Plans)) {
		p := set.Plans[name]
		for _, t := range p.FromOrder {
			add(p.From[t])
		}
		for _, t := range slices.Sorted(maps.Keys(p.From)) {
			add(p.From[t])
		}
	}
	for _, t := range set.Lines() {
		add(t.From)
	}
	for _, n := range set.Numbers {
		add(n.Number)
	}
	return out
}

// vcard writes a contact: version 3.0 (RFC 2426) or 4.0 (RFC 6350).
func vcard(version, name string, numbers []number.Number) []byte {
	name = escape(name)
	lines := []string{"BEGIN:VCARD", "VERSION:" + version, "FN:" + name}
	if version == "4.0" {
		lines = append(lines, "KIND:org")
	} else {
		lines = append(lines, "N:"+name+";;;;")
	}
	for _, n := range numbers {
		if version == "4.0" {
			lines = append(lines, `TEL;VALUE=uri;TYPE="work,voice":tel:`+n.String())
		} else {
			lines = append(lines, "TEL;TYPE=WORK,VOICE:"+n.String())
		}
	}
	var b []byte
	for _, l := range append(lines, "END:VCARD") {
		b = append(b, fold(l)...)
	}
	return b
}

// escape makes text a value: what means something in a vCard gets a backslash, a line end becomes \n.
func escape(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, s)
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`).Replace(s)
}

// fold cuts a line where it is too long; the rest goes on after a space. A character is never cut in two.
func fold(line string) string {
	var b strings.Builder
	room := foldAt
	for len(line) > room {
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		b.WriteString(line[:cut] + "\r\n ")
		line, room = line[cut:], foldAt-1 // the space counts
	}
	return b.String() + line + "\r\n"
}

// svg draws a code: black on white whatever the page's theme, with the four modules of margin that scanners want.
func svg(code *qr.Code) []byte {
	const margin = 4
	side := code.Size + 2*margin
	var d strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&d, "M%d %dh%dv1h-%dz", x+margin, y+margin, run, run)
				x += run
			}
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%[1]dv%[1]dH0z"/><path d="%[2]s"/></svg>`, side, d.String())
}
