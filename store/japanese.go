package store

// Japanese is what [Store.Ready] says of the disk and the database, in Japanese; see problem.Book.
var Japanese = map[string]string{
	"the disk of %s is full: %d MB are left, and below %d MB no new alerts are taken (make room there; calls under way go on)": "%s のディスクがいっぱいです（残り %s MB）。%s MB を下回る間、新しいアラートは受け付けません。空きを作ってください。進行中の通話は続きます",
	"the database is away: new alerts are refused, and calls under way go on (%s)":                                             "データベースに接続できません。新しいアラートは受け付けず、進行中の通話は続きます（%s）",
	"the database does not answer: %s": "データベースが応答しません：%s",
}
