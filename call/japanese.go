package call

// Japanese is what is said of a line that fails, in Japanese; see problem.Book.
var Japanese = map[string]string{
	"not a word within %v (check its address and the firewall)": "%s 以内に応答がありません（アドレスとファイアウォールを確認してください）",
}
