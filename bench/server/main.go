// Servers and stop-watch of the benchmark. They keep nothing of what they are sent but its size and a sample, so that neither disk nor hashing
// limits any client; what clients say about their bytes (sizes, digests of manifests, parts of an upload) is held to be true by strict rules.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

type routes []string

func (r *routes) String() string     { return strings.Join(*r, " ") }
func (r *routes) Set(v string) error { *r = append(*r, v); return nil }

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: server serve|measure|pour|probe ...")
	}
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2:])
	case "measure":
		measure(os.Args[2:])
	case "pour":
		pour(os.Args[2:])
	case "probe":
		probe(os.Args[2:])
	default:
		log.Fatalf("unknown command %s", os.Args[1])
	}
}

func serve(args []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	plain := flags.String("http", "", "address of the registry and of AWS's control calls")
	secure := flags.String("https", "", "address of S3 and of files")
	cert := flags.String("cert", "", "certificate, PEM")
	key := flags.String("key", "", "its key, PEM")
	files := flags.String("files", "", "folder that is served under /files/")
	var slow routes
	flags.Var(&slow, "slow", "listen,target,round trip in ms,MB/s of a connection,MB/s of all together; may be repeated")
	front := flags.String("front", "", "listen,target: S3 over TLS before a plain one, which does not tell how its buckets encrypt")
	if err := flags.Parse(args); err != nil {
		log.Fatal(err)
	}
	if *front != "" {
		listen, target, _ := strings.Cut(*front, ",")
		log.Fatal(listenSecure(listen, frontOf(target), *cert, *key))
	}
	state := newState()
	registry, s3, control := &registryServer{state}, &s3Server{state}, &controlServer{state}
	mux := http.NewServeMux()
	mux.Handle("/v2/", registry)
	mux.HandleFunc("/bench/state", state.show)
	mux.HandleFunc("/bench/reset", state.reset)
	mux.HandleFunc("/bench/lay", state.lay)
	mux.HandleFunc("/bench/sink", state.sink)
	mux.Handle("/", control)
	secured := http.NewServeMux()
	secured.Handle("/files/", http.StripPrefix("/files/", http.FileServer(http.Dir(*files))))
	secured.HandleFunc("/bench/sink", state.sink)
	secured.Handle("/", s3)
	for _, route := range slow {
		listener, network := listenSlow(route)
		go network.serve(listener)
	}
	go func() { log.Fatal(http.ListenAndServe(*plain, mux)) }()
	go func() { log.Fatal(listenSecure(*secure, secured, *cert, *key)) }()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}

// listenSecure serves over TLS. S3 speaks HTTP/1.1 only; HTTP/2 would put all requests of a client on one connection.
func listenSecure(address string, handler http.Handler, cert, key string) error {
	one := map[string]func(*http.Server, *tls.Conn, http.Handler){}
	server := &http.Server{Addr: address, Handler: handler, TLSNextProto: one}
	return server.ListenAndServeTLS(cert, key)
}
