package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

type upload struct {
	key   string
	parts map[int]*part
}

type part struct {
	content
	etag string
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

// reset forgets everything; with ?counts only what was counted, with ?below=<bucket>/<prefix> that and the objects there.
func (s *state) reset(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	query := r.URL.Query()
	below := query.Get("below")
	if !query.Has("counts") && below == "" {
		s.clear()
		return
	}
	s.Requests, s.Received = map[string]int{}, 0
	for key := range s.objects {
		if below != "" && strings.HasPrefix(key, below) {
			delete(s.objects, key)
		}
	}
}

func (s *state) etag() string { return `"` + s.id() + s.id() + `"` }

// repository gives the one of this name and makes it at the first push; the state must be locked.
func (s *state) repository(name string) *repository {
	found := s.Repositories[name]
	if found == nil {
		found = &repository{map[string]content{}, map[string]string{}, map[string]*manifest{}, map[string]*content{}}
		s.Repositories[name] = found
	}
	return found
}
