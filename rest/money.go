package rest

import (
	"net/http"

	"github.com/kaden-project/kaden/sid"
)

// moneyRoutes are what calls have cost; usage is elsewhere.
var moneyRoutes = routes{"Balance": {http.MethodGet: (*server).fetchBalance}}

// balanceBody is Twilio's Balance resource.
type balanceBody struct {
	AccountSID sid.Account `json:"account_sid"`
	Balance    string      `json:"balance"`
	Currency   string      `json:"currency"`
}

// fetchBalance shows what the month's budget has left: GET /Accounts/AC…/Balance.
func (s *server) fetchBalance(r *request) (answer, error) {
	if s.cfg.Money == nil {
		return answer{}, notFound(r.URL.Path)
	}
	m, err := s.cfg.Money.Balance(r.Context(), r.account.SID)
	if err != nil {
		return answer{}, err
	}
	if !m.Known() {
		return answer{}, refused(http.StatusNotFound, 20404, "There is no balance, because no budget is set up")
	}
	return answer{status: http.StatusOK, body: balanceBody{r.account.SID, m.Amount.String(), m.Currency}}, nil
}
