package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

const secret = "secret"

// Token asks the issuer for a token by the client's credentials (RFC 6749 section 4.4).
func (a Access) Token() (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {secret}}
	answer, err := http.PostForm(a.TokenURL, form)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the issuer answers %s", answer.Status)
	}
	var issued struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(answer.Body).Decode(&issued)
	return issued.AccessToken, err
}
