package registrar

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
)

// phones is how many are registered on a small machine.
const phones = 5000

// TestMemoryOfAnIdlePhone holds a registered phone to 20 kB. What is measured is the whole of it: the contact, the user
// in the directory, and the last proof.
func TestMemoryOfAnIdlePhone(t *testing.T) {
	const most = 20 << 10
	d := account.Domain{Name: "office.example.jp", Register: true}
	for i := range phones {
		d.Phones = append(d.Phones, account.Phone{User: fmt.Sprintf("phone%04d", i), Password: fmt.Sprintf("password-of-%04d", i), Calls: true, Register: true})
	}
	before := heap()
	r := open(t, nowhere{}, d)
	for i := range phones {
		registers(t, r, i)
	}
	each := (heap() - before) / phones
	t.Logf("%d phones hold %d bytes each", len(r.All()), each)
	if each > most {
		t.Errorf("an idle phone holds %d bytes, %d are allowed", each, most)
	}
	runtime.KeepAlive(r)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// nowhere keeps nothing.
type nowhere struct{}

func (nowhere) Contacts(context.Context) ([]Contact, error)             { return nil, nil }
func (nowhere) KeepContacts(context.Context, []Contact, []string) error { return nil }

// registers is the n-th phone's REGISTER, with its proof.
func registers(t testing.TB, r *Registrar, n int) {
	name := fmt.Sprintf("phone%04d", n)
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}), 5060)
	q := ask("REGISTER", name, from)
	challenge := r.nonces.challenges("office.example.jp", "", false, time.Now())[0]
	q.Authorization = []string{answer(t, challenge, q, name, fmt.Sprintf("password-of-%04d", n), 1)}
	if a := r.Admit(q, false); a.Verdict != Admitted {
		t.Fatalf("%s: %+v", name, a)
	}
	list, _, err := ParseContacts([]string{fmt.Sprintf(`<sip:%s@%s;transport=udp;ob>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-%012d>";reg-id=1`, name, from, n)})
	if err != nil {
		t.Fatal(err)
	}
	got := r.Register(t.Context(), Ask{
		User: name, Domain: "office.example.jp", Contacts: list, Expires: time.Hour, CallID: fmt.Sprintf("%032x@10.1.0.1", n), CSeq: 1,
		Source: from, Transport: "udp", Agent: "A Desk Phone With A Long Name/1.2.3-4567",
	})
	if got.Status != 200 {
		t.Fatalf("%s: %+v", name, got)
	}
}

// BenchmarkRegister is one REGISTER with a password among 5,000 phones, without socket and disk.
func BenchmarkRegister(b *testing.B) {
	d := account.Domain{Name: "office.example.jp", Register: true}
	for i := range phones {
		d.Phones = append(d.Phones, account.Phone{User: fmt.Sprintf("phone%04d", i), Password: fmt.Sprintf("password-of-%04d", i), Calls: true, Register: true})
	}
	r, err := New(b.Context(), slog.New(slog.DiscardHandler), Config{Store: nowhere{}, Secret: []byte("secret")})
	if err != nil {
		b.Fatal(err)
	}
	r.Use([]account.Domain{d})
	n := 0
	for b.Loop() {
		registers(b, r, n%phones)
		n++
	}
}
