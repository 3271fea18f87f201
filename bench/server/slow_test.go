package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// slowTo starts a target that `serve` speaks for and a slow route before it; it gives the address of the route.
func slowTo(t *testing.T, network string, serve func(net.Conn)) string {
	t.Helper()
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			connection, err := target.Accept()
			if err != nil {
				return
			}
			go serve(connection)
		}
	}()
	listener, route := listenSlow(fmt.Sprintf("127.0.0.1:0,%s,%s", target.Addr(), network))
	go route.serve(listener)
	t.Cleanup(func() { listener.Close(); target.Close() })
	return listener.Addr().String()
}

// swallow reads to the end, then answers with one byte.
func swallow(connection net.Conn) {
	io.Copy(io.Discard, connection)
	connection.Write([]byte{1})
	connection.Close()
}

// seconds tells how long each of so many connections at once takes for its bytes and one byte back.
func seconds(t *testing.T, address string, connections int, bytes int64) float64 {
	t.Helper()
	begun := time.Now()
	var wait sync.WaitGroup
	for range connections {
		wait.Add(1)
		go func() {
			defer wait.Done()
			connection, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer connection.Close()
			io.CopyN(connection, zeros{}, bytes)
			connection.(*net.TCPConn).CloseWrite()
			io.ReadFull(connection, make([]byte, 1))
		}()
	}
	wait.Wait()
	return time.Since(begun).Seconds()
}

// near lets a busy machine make it later; each run of the benchmark probes its networks anew, and more strictly.
func near(t *testing.T, what string, found, wanted float64) {
	t.Helper()
	if found < 0.85*wanted || found > 2*wanted {
		t.Errorf("%s: %.3f s, not %.3f s", what, found, wanted)
	}
}

func TestAConnectionHasItsRateAndItsRoundTrips(t *testing.T) {
	address := slowTo(t, "40,50,1000", swallow)
	// One round trip to connect, one for the bytes and the answer, 20 ms of slack less.
	near(t, "one connection of 25 MB at 50 MB/s", seconds(t, address, 1, 25e6), 0.5+0.08-0.02)
	near(t, "four connections at once", seconds(t, address, 4, 25e6), 0.5+0.08-0.02)
}

func TestConnectionsShareTheTotal(t *testing.T) {
	address := slowTo(t, "2,50,100", swallow)
	near(t, "four connections of 12.5 MB at 100 MB/s together", seconds(t, address, 4, 12.5e6), 0.5)
}

func TestAnAnswerTakesARoundTrip(t *testing.T) {
	address := slowTo(t, "60,50,1000", func(connection net.Conn) { io.Copy(connection, connection) })
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	for question := range 3 {
		begun := time.Now()
		connection.Write([]byte{1})
		io.ReadFull(connection, make([]byte, 1))
		if question > 0 {
			near(t, "a byte and its echo", time.Since(begun).Seconds(), 0.06)
		}
	}
}

func TestASleepThatEndsLateDoesNotLowerTheRate(t *testing.T) {
	start := time.Unix(1000, 0)
	wire := pace{rate: 1e6, free: start}
	wire.passed(1000, start)
	if free := wire.passed(1000, start.Add(5*time.Millisecond)); free != start.Add(2*time.Millisecond) {
		t.Errorf("the wire is free %v after the start", free.Sub(start))
	}
	if free := wire.passed(1000, start.Add(time.Second)); free != start.Add(time.Second-slack+time.Millisecond) {
		t.Errorf("an idle wire gives its time back: %v", free.Sub(start))
	}
}
