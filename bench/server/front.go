package main

import (
	"net/http"
	"net/http/httputil"
)

// frontOf passes everything on to an S3 of others, and answers the one question that it does not know: how a bucket encrypts. Signatures stay right:
// the other sees the Host that the client asked for.
func frontOf(target string) http.Handler {
	onward := &httputil.ReverseProxy{
		Director: func(r *http.Request) {
			r.URL.Scheme, r.URL.Host = "http", target
			r.Header["X-Forwarded-For"] = nil
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, WriteBufferSize: 1 << 20, ReadBufferSize: 1 << 16, DisableCompression: true},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" && r.URL.Query().Has("encryption") {
			answer(w, defaultEncryption)
			return
		}
		onward.ServeHTTP(w, r)
	})
}
