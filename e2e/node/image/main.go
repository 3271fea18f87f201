// Command atlas stands in for the bundle's model image on a real node, under the two names that the chart calls it by:
//
//	model-downloader s3://bucket/prefix /models   downloads a checkpoint with the AWS SDK's own chain of credentials
//	/server --model=/models --port=8000 ...        serves what was downloaded, by the OpenAI protocol, for those who know VLLM_API_KEY
//
// Without arguments it waits for its end, as a sandbox's pause does.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	log.SetFlags(0)
	var err error
	switch {
	case filepath.Base(os.Args[0]) == "model-downloader":
		err = download(os.Args[1:])
	case len(os.Args) > 1:
		err = serve(os.Args[1:])
	default:
		wait()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fatal error:", err)
		os.Exit(1)
	}
}

func wait() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
}
