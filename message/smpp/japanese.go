package smpp

// Japanese is what is said of an SMSC that does not let us bind, in Japanese; see problem.Book.
var Japanese = map[string]string{
	"name the authority of its certificate in sip.ca of the settings, or the host as the certificate does": "証明書の発行元を設定の sip.ca に加えるか、証明書と同じホスト名を書いてください",
	"the port speaks no TLS: take tls: true away, or name the port that does":                              "このポートは TLS ではありません。tls: true を外すか、TLS のポートを書いてください",
	"the connection has ended":       "接続が切れました",
	"kaden connects again by itself": "kaden が自動で接続し直します",
	"check server: and tls: of the document, and whether a firewall, here or at the carrier, lets this machine through": "文書の server: と tls: を確認してください。こちらか事業者側のファイアウォールがこのマシンを通しているかも確認してください",
	"check password: of the document":                   "文書の password: を確認してください",
	"check system-id: and system-type: of the document": "文書の system-id: と system-type: を確認してください",
	"another program, or another kaden, is bound with this system-id; one of them has to go, or the carrier allows more binds":                   "同じ system-id で別のプログラムか別の kaden が接続しています。どちらかを止めるか、事業者に接続数を増やしてもらってください",
	"the carrier's SMSC has trouble; kaden asks again by itself":                                                                                 "事業者の SMSC に障害があります。kaden が自動で試し直します",
	"check system-id:, password: and system-type:, and ask the carrier whether it knows this machine's address and allows a bind as transceiver": "system-id:・password:・system-type: を確認し、このマシンのアドレスが登録されているか、トランシーバーとしての接続が許可されているかを事業者に確認してください",
}
