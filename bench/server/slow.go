package main

import (
	"log"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// network is what a slow route stands for: every connection has this round trip and this rate in each direction, and all of them together no more
// than the total in each direction.
type network struct {
	target   string
	delay    time.Duration
	rate     float64
	up, down *pace
}

// listenSlow reads `listen,target,round trip in ms,MB/s of a connection,MB/s of all together`.
func listenSlow(route string) (net.Listener, *network) {
	fields := strings.Split(route, ",")
	if len(fields) != 5 {
		log.Fatalf("a slow route has five fields, not %q", route)
	}
	var numbers [3]float64
	for at, field := range fields[2:] {
		value, err := strconv.ParseFloat(field, 64)
		if err != nil || value <= 0 {
			log.Fatalf("%q of the slow route %q is no number above zero", field, route)
		}
		numbers[at] = value
	}
	listener, err := net.Listen("tcp", fields[0])
	if err != nil {
		log.Fatal(err)
	}
	delay := time.Duration(numbers[0] / 2 * float64(time.Millisecond))
	total := numbers[2] * 1e6
	return listener, &network{fields[1], delay, numbers[1] * 1e6, &pace{rate: total}, &pace{rate: total}}
}

func (n *network) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go n.connect(client)
	}
}

func (n *network) connect(client net.Conn) {
	// The loopback shook hands at once; on the network that takes a round trip.
	time.Sleep(2 * n.delay)
	server, err := net.Dial("tcp", n.target)
	if err != nil {
		client.Close()
		return
	}
	for _, connection := range []net.Conn{client, server} {
		connection.(*net.TCPConn).SetReadBuffer(256 << 10)
	}
	go carry(client, server, n.delay, &pace{rate: n.rate}, n.up)
	carry(server, client, n.delay, &pace{rate: n.rate}, n.down)
}

// pace gives the time at which bytes have passed a wire of this rate, bytes a second.
type pace struct {
	sync.Mutex
	rate float64
	free time.Time
}

// slack of the time that passed counts on, or every sleep that ends late would lower the rate.
const slack = 20 * time.Millisecond

func (p *pace) passed(bytes int, now time.Time) time.Time {
	p.Lock()
	defer p.Unlock()
	if late := now.Add(-slack); p.free.Before(late) {
		p.free = late
	}
	p.free = p.free.Add(time.Duration(float64(bytes) / p.rate * float64(time.Second)))
	return p.free
}

type packet struct {
	bytes []byte
	due   time.Time
}

// carry moves bytes one way: read at the slower of both paces, written half a round trip later.
func carry(from, to net.Conn, delay time.Duration, own, shared *pace) {
	packets := make(chan packet, 256)
	go func() {
		defer close(packets)
		for {
			buffer := make([]byte, 64<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				now := time.Now()
				free := own.passed(n, now)
				if all := shared.passed(n, now); all.After(free) {
					free = all
				}
				// Time that counts on makes up for late sleeps, never for the way.
				if free.Before(now) {
					free = now
				}
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
