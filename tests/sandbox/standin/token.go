package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// verify tells whose token this is. As ks-apiserver v3.4.1 does it checks the signature with jwtSecret, so that a token of
// another cluster with the same jwtSecret is good, and times; unless tokens have no age or it is a static one, it has
// to be one that this cluster issued, which this stand-in never does. Left out: RS256, the tokens of logins.
func verify(token string, settings config, now time.Time) (user string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("token contains an invalid number of segments")
	}
	var header struct{ Alg string }
	var claims struct {
		Username string
		Kind     string `json:"token_type"`
		Iat, Exp *float64
	}
	if err := errors.Join(decode(parts[0], &header), decode(parts[1], &claims)); err != nil {
		return "", err
	}
	if header.Alg != "HS256" {
		return "", fmt.Errorf("signing method %s is invalid", header.Alg)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", err
	}
	sum := hmac.New(sha256.New, []byte(settings.Authentication.JwtSecret))
	sum.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(signature, sum.Sum(nil)) {
		return "", errors.New("signature is invalid")
	}
	if claims.Exp != nil && !now.Before(at(*claims.Exp)) {
		return "", fmt.Errorf("jwt: token is expired by %v", now.Sub(at(*claims.Exp)))
	}
	skew := time.Duration(settings.Authentication.MaximumClockSkew)
	if claims.Iat != nil && now.Add(skew).Before(at(*claims.Iat)) {
		return "", fmt.Errorf("jwt: token used before issued, iat:%v, now:%v", at(*claims.Iat), now)
	}
	if settings.Authentication.OauthOptions.AccessTokenMaxAge != 0 && claims.Kind != "static_token" {
		return "", errors.New("token not found in cache")
	}
	return claims.Username, nil
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func at(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }
