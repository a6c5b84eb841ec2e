package call

// Japanese is what is said of a line that fails, in Japanese; see problem.Book.
var Japanese = map[string]string{
	"not a word within %v (check its address and the firewall)":            "%s 以内に応答がありません（アドレスとファイアウォールを確認してください）",
	"%s (check user:, password: and from: of the trunk)":                   "%s（回線の user:、password:、from: を確認してください）",
	"%s (it is full, or restricts calls: a second trunk would carry them)": "%s（混雑か発信規制です。2 本目の回線があればそちらで発信できます）",
	"%s (check its address and the firewall)":                              "%s（アドレスとファイアウォールを確認してください）",
	"%s (ask the carrier what it means)":                                   "%s（意味を事業者に問い合わせてください）",
}
