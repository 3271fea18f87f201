package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// pour sends a file as fast as its connections go, in pieces, with neither protocol nor checksums: what the wire and the processors give.
func pour(args []string) {
	flags := flag.NewFlagSet("pour", flag.ExitOnError)
	to := flags.String("to", "", "URL that takes any body")
	path := flags.String("file", "", "file to send")
	connections := flags.Int("connections", 16, "requests at once")
	piece := flags.Int64("piece", 16<<20, "bytes of a request")
	authority := flags.String("authority", "", "PEM file of the certificate's authority")
	if err := flags.Parse(args); err != nil {
		log.Fatal(err)
	}
	file, err := os.Open(*path)
	if err != nil {
		log.Fatal(err)
	}
	about, err := file.Stat()
	if err != nil {
		log.Fatal(err)
	}
	client := plainClient(*authority, *connections)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range *connections {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for {
				at := next.Add(*piece) - *piece
				if at >= about.Size() {
					return
				}
				if err := put(client, *to, io.NewSectionReader(file, at, *piece), min(*piece, about.Size()-at)); err != nil {
					log.Fatal(err)
				}
			}
		}()
	}
	wait.Wait()
}

// probe is the known sender that a slow network is held against: the time of an empty request on an open connection, and the rate of one connection.
func probe(args []string) {
	flags := flag.NewFlagSet("probe", flag.ExitOnError)
	to := flags.String("to", "", "URL that takes any body")
	size := flags.Int64("bytes", 60_000_000, "bytes of the long request")
	authority := flags.String("authority", "", "PEM file of the certificate's authority")
	if err := flags.Parse(args); err != nil {
		log.Fatal(err)
	}
	client := plainClient(*authority, 1)
	timed := func(bytes int64) float64 {
		begun := time.Now()
		if err := put(client, *to, io.LimitReader(zeros{}, bytes), bytes); err != nil {
			log.Fatal(err)
		}
		return time.Since(begun).Seconds()
	}
	timed(1) // opens the connection
	trip := timed(1)
	for range 4 {
		trip = min(trip, timed(1))
	}
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"trip": trip * 1e3, "rate": float64(*size) / (timed(*size) - trip) / 1e6,
	})
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) {
	clear(into)
	return len(into), nil
}

func put(client *http.Client, to string, body io.Reader, size int64) error {
	request, err := http.NewRequest("PUT", to, body)
	if err != nil {
		return err
	}
	request.ContentLength = size
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != 200 {
		return errors.New(response.Status)
	}
	return nil
}

func plainClient(authority string, connections int) *http.Client {
	roots := x509.NewCertPool()
	if authority != "" {
		pem, err := os.ReadFile(authority)
		if err != nil || !roots.AppendCertsFromPEM(pem) {
			log.Fatalf("%s is no certificate: %v", authority, err)
		}
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		MaxIdleConnsPerHost: connections,
		WriteBufferSize:     1 << 20,
	}}
}
