package main

import (
	"log"
	"net"
	"strconv"
	"strings"
	"time"
)

// slowRoute stands for a network: every connection of its own has this round trip and this rate in each direction.
func slowRoute(route string) {
	fields := strings.Split(route, ",")
	trip, _ := strconv.ParseFloat(fields[2], 64)
	rate, _ := strconv.ParseFloat(fields[3], 64)
	listener, err := net.Listen("tcp", fields[0])
	if err != nil {
		log.Fatal(err)
	}
	delay := time.Duration(trip / 2 * float64(time.Millisecond))
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			// The loopback shook hands at once; on the network that takes a round trip.
			time.Sleep(2 * delay)
			server, err := net.Dial("tcp", fields[1])
			if err != nil {
				client.Close()
				return
			}
			for _, connection := range []net.Conn{client, server} {
				connection.(*net.TCPConn).SetReadBuffer(256 << 10)
			}
			go carry(client, server, delay, rate*1e6)
			carry(server, client, delay, rate*1e6)
		}()
	}
}

type packet struct {
	bytes []byte
	due   time.Time
}

// carry moves bytes one way: read at the rate, written half a round trip later.
func carry(from, to net.Conn, delay time.Duration, rate float64) {
	packets := make(chan packet, 256)
	go func() {
		defer close(packets)
		free := time.Now()
		for {
			buffer := make([]byte, 64<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				// A little of the time that passed counts on, or every sleep that ends late would lower the rate.
				if late := time.Now().Add(-20 * time.Millisecond); free.Before(late) {
					free = late
				}
				free = free.Add(time.Duration(float64(n) / rate * float64(time.Second)))
				packets <- packet{buffer[:n], free.Add(delay)}
				time.Sleep(time.Until(free))
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range packets {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.bytes); err != nil {
			from.Close()
			for range packets {
			}
			return
		}
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}
