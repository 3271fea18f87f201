package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// kept bounds the content that is held: manifests, indexes and the like, which clients read again.
const kept = 64 << 10

// content is what is known of bytes that passed: their number, a sample and, of small ones, the bytes.
type content struct {
	Size   int64  `json:"size"`
	Sample uint64 `json:"sample,string"`
	bytes  []byte
	crc32  string
}

type upload struct {
	key   string
	crc32 string
	parts map[int]*part
}

type part struct {
	content
	etag string
}

type object struct {
	content
	etag     string
	modified string
}

type repository struct {
	Blobs     map[string]content `json:"blobs"`
	Tags      map[string]string  `json:"tags"`
	manifests map[string]*manifest
	uploads   map[string]*content
}

type manifest struct {
	bytes     []byte
	mediaType string
}

type state struct {
	sync.Mutex
	Repositories map[string]*repository `json:"repositories"`
	Requests     map[string]int         `json:"requests"`
	Received     int64                  `json:"received"`
	objects      map[string]*object
	uploads      map[string]*upload
	next         int
}

func newState() *state {
	s := &state{}
	s.clear()
	return s
}

func (s *state) clear() {
	s.Repositories = map[string]*repository{}
	s.Requests = map[string]int{}
	s.Received = 0
	s.objects = map[string]*object{}
	s.uploads = map[string]*upload{}
}

func (s *state) count(kind string) {
	s.Lock()
	s.Requests[kind]++
	s.Unlock()
}

func (s *state) id() string {
	s.Lock()
	defer s.Unlock()
	s.next++
	return fmt.Sprintf("%016x", s.next)
}

func (s *state) show(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	objects := map[string]content{}
	for key, object := range s.objects {
		objects[key] = object.content
	}
	json.NewEncoder(w).Encode(map[string]any{
		"repositories": s.Repositories, "objects": objects, "requests": s.Requests, "received": s.Received,
	})
}

// reset forgets everything; with ?counts only what was counted.
func (s *state) reset(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	if r.URL.Query().Has("counts") {
		s.Requests, s.Received = map[string]int{}, 0
		return
	}
	s.clear()
}

// repository gives the one of this name and makes it at the first push; the state must be locked.
func (s *state) repository(name string) *repository {
	found := s.Repositories[name]
	if found == nil {
		found = &repository{map[string]content{}, map[string]string{}, map[string]*manifest{}, map[string]*content{}}
		s.Repositories[name] = found
	}
	return found
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 1<<20); return &b }}

// discard reads a body to its end. The sample takes one word of every 4 KiB of its own offset, so equal bytes give equal samples however they were
// cut into parts, as long as all cuts lie at multiples of 4 KiB.
func (s *state) discard(body io.Reader, limit int64) (content, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	var found content
	var carry [8]byte
	var held int
	for {
		n, err := body.Read(*buffer)
		for at := 0; at < n; {
			phase := int((found.Size + int64(at)) % 4096)
			if phase >= 8 {
				at += 4096 - phase
				continue
			}
			take := min(8-phase, n-at)
			held = phase + copy(carry[phase:], (*buffer)[at:at+take])
			if held == 8 {
				found.Sample ^= binary.LittleEndian.Uint64(carry[:])
			}
			at += take
		}
		if limit <= kept {
			found.bytes = append(found.bytes, (*buffer)[:n]...)
		}
		found.Size += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return found, err
		}
	}
	s.Lock()
	s.Received += found.Size
	s.Unlock()
	return found, nil
}
