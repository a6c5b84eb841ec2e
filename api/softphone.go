package api

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"
)

// Softphone is what a softphone has to know to be a phone of ours. What it is given to read are functions of this alone.
type Softphone struct {
	User, Domain string // of its address: sip:User@Domain
	Title        string // the name it shows; may be ""
	Password     string // "" is not told: the sheet says where it stands
	Server       string // where it sends SIP over UDP and TCP: host, or host:port
	ServerTLS    string // … over TLS; "" is nowhere
	SRTP         string // off, offered or required, as in the documents; "" leaves it to the phone
}

// settingWords are the fields of softphones as most of them call them: user, domain, server, and what to choose.
var settingWords = map[string]map[string]string{
	"en": {
		"user": "User name", "auth": "Authentication name", "password": "Password", "hidden": "the one in the phone's document", "domain": "Domain",
		"server": "Server (proxy)", "transport": "Transport", "tls": "Server for TLS", "every": "Register every", "seconds": "%d seconds",
		"codecs": "Codecs", "keys": "Keys (DTMF)", "srtp": "Encryption (SRTP)",
		"off": "off", "offered": "SDES, optional", "required": "SDES, required", "": "off, or SDES",
	},
	"ja": {
		"user": "ユーザー名", "auth": "認証 ID", "password": "パスワード", "hidden": "電話機の文書に書いたもの", "domain": "ドメイン",
		"server": "サーバー（プロキシ）", "transport": "トランスポート", "tls": "TLS のサーバー", "every": "登録の間隔", "seconds": "%d 秒",
		"codecs": "コーデック", "keys": "キー（DTMF）", "srtp": "暗号化（SRTP）",
		"off": "なし", "offered": "SDES（任意）", "required": "SDES（必須）", "": "なし、または SDES",
	},
}

// registerEvery keeps the way through most NATs' and firewalls' memory open.
const registerEvery = 300

// safely tells whether the phone should come over TLS: the keys of its sound travel in its signalling.
func (s Softphone) safely() bool {
	return s.ServerTLS != "" && (s.SRTP == "offered" || s.SRTP == "required")
}

// Sheet is what is typed into any softphone (Zoiper, Groundwire, a desk phone), one field a line. language is en or ja;
// any other is en.
func (s Softphone) Sheet(language string) []PhoneField {
	w, ok := settingWords[language]
	if !ok {
		w = settingWords["en"]
	}
	lines := []PhoneField{
		{w["user"], s.User},
		{w["auth"], s.User},
		{w["password"], cmp.Or(s.Password, w["hidden"])},
		{w["domain"], s.Domain},
		{w["server"], s.Server},
	}
	switch {
	case s.safely():
		lines = append(lines, PhoneField{w["tls"], s.ServerTLS}, PhoneField{w["transport"], "TLS"})
	case s.ServerTLS != "":
		lines = append(lines, PhoneField{w["tls"], s.ServerTLS}, PhoneField{w["transport"], "UDP / TCP / TLS"})
	default:
		lines = append(lines, PhoneField{w["transport"], "UDP / TCP"})
	}
	return append(lines,
		PhoneField{w["srtp"], w[s.SRTP]},
		PhoneField{w["every"], fmt.Sprintf(w["seconds"], registerEvery)},
		PhoneField{w["codecs"], "G.711 (PCMU, PCMA)"},
		PhoneField{w["keys"], "RFC 2833 / RFC 4733"},
	)
}

// lpconfig is Linphone's remote provisioning (https://www.linphone.org/xsds/lpconfig.xsd): sections of its settings file.
type lpconfig struct {
	XMLName  xml.Name    `xml:"http://www.linphone.org/xsds/lpconfig.xsd config"`
	Sections []lpSection `xml:"section"`
}

type lpSection struct {
	Name    string    `xml:"name,attr"`
	Entries []lpEntry `xml:"entry"`
}

type lpEntry struct {
	Name      string `xml:"name,attr"`
	Overwrite bool   `xml:"overwrite,attr"`
	Value     string `xml:",chardata"`
}

// Linphone is the file that Linphone fetches when its assistant is given the address of one, typed or as a QR code
// ("remote provisioning"): an account with its password, so that nothing is typed. It needs Password.
func (s Softphone) Linphone() []byte {
	section := func(name string, pairs ...string) lpSection {
		one := lpSection{Name: name}
		for i := 0; i < len(pairs); i += 2 {
			one.Entries = append(one.Entries, lpEntry{pairs[i], true, pairs[i+1]})
		}
		return one
	}
	at, encryption, only := "<sip:"+s.Server+";transport=udp>", "none", "0"
	if s.safely() {
		at = "<sip:" + s.ServerTLS + ";transport=tls>"
	}
	switch {
	case s.SRTP == "required":
		encryption, only = "srtp", "1"
	case s.safely():
		encryption = "srtp"
	}
	identity := "<sip:" + s.User + "@" + s.Domain + ">"
	if s.Title != "" {
		identity = `"` + strings.NewReplacer(`\`, "", `"`, "").Replace(s.Title) + `" ` + identity
	}
	b, err := xml.MarshalIndent(lpconfig{Sections: []lpSection{
		section("sip", "default_proxy", "0", "media_encryption", encryption, "media_encryption_mandatory", only),
		section("auth_info_0", "username", s.User, "userid", s.User, "passwd", s.Password, "realm", s.Domain, "domain", s.Domain),
		section("proxy_0", "reg_proxy", at, "reg_route", at, "reg_identity", identity,
			"reg_expires", fmt.Sprint(registerEvery), "reg_sendregister", "1", "publish", "0"),
	}}, "", "  ")
	if err != nil {
		panic("api: " + err.Error()) // strings and a flag
	}
	return append([]byte(xml.Header), append(b, '\n')...)
}
