package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// kept bounds what is held of a body: its beginning, where manifests and the headers of weights are, which clients read again.
const kept = 64 << 10

// keptJSON bounds it for documents.
const keptJSON = 64 << 20

// content is what is known of bytes that passed: their number, a sample and the first of them.
type content struct {
	Size   int64  `json:"size"`
	Sample uint64 `json:"sample,string"`
	bytes  []byte
	crc32  string
}

// object is what a key names; the content of one that the benchmark laid there is a file in memory.
type object struct {
	content
	etag     string
	modified string
	file     []byte
}

// slice gives bytes of the content, where they are still known.
func (o *object) slice(from, size int64) ([]byte, bool) {
	known := o.bytes
	if o.file != nil {
		known = o.file
	}
	if from+size > int64(len(known)) {
		return nil, false
	}
	return known[from : from+size], true
}

// part is what a copy of a range is.
func (o *object) part(from, size int64) (content, error) {
	if from == 0 && size == o.Size {
		return o.content, nil
	}
	piece, there := o.slice(from, size)
	if !there {
		return content{}, errors.New("these bytes were not kept")
	}
	return contentOf(piece), nil
}

// contentOf samples bytes that are at hand, and sums them as S3 does.
func contentOf(whole []byte) content {
	found := content{Size: int64(len(whole)), bytes: whole[:min(len(whole), kept)]}
	for at := 0; at+8 <= len(whole); at += 4096 {
		found.Sample ^= binary.LittleEndian.Uint64(whole[at:])
	}
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(whole))
	found.crc32 = base64.StdEncoding.EncodeToString(sum)
	return found
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 1<<20); return &b }}

// discard reads a body to its end and keeps its first bytes. The sample takes one word of every 4 KiB of its own offset, so equal bytes give equal
// samples however they were cut into parts, as long as all cuts lie at multiples of 4 KiB.
func (s *state) discard(body io.Reader, keep int) (content, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	var found content
	var carry [8]byte
	for {
		n, err := body.Read(*buffer)
		for at := 0; at < n; {
			phase := int((found.Size + int64(at)) % 4096)
			if phase >= 8 {
				at += 4096 - phase
				continue
			}
			take := min(8-phase, n-at)
			if phase+copy(carry[phase:], (*buffer)[at:at+take]) == 8 {
				found.Sample ^= binary.LittleEndian.Uint64(carry[:])
			}
			at += take
		}
		if room := keep - len(found.bytes); room > 0 {
			found.bytes = append(found.bytes, (*buffer)[:min(n, room)]...)
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

// lay makes a file of this machine an object: ?key=<bucket>/<key>&path=<file>. Its checksum is of its bytes.
func (s *state) lay(w http.ResponseWriter, r *http.Request) {
	key, path := r.URL.Query().Get("key"), r.URL.Query().Get("path")
	whole, err := mapped(path)
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	etag := s.etag()
	s.Lock()
	defer s.Unlock()
	s.objects[key] = &object{content: contentOf(whole), etag: etag, modified: now(), file: whole}
}

// mapped gives a file as memory that the kernel fills, for as long as this process lives.
func mapped(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil || about.Size() == 0 {
		return nil, errors.Join(err, errors.New(path+" is empty"))
	}
	return syscall.Mmap(int(file.Fd()), 0, int(about.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
}

// sink takes any body: what a connection can bear, without a protocol.
func (s *state) sink(w http.ResponseWriter, r *http.Request) {
	if _, err := s.discard(r.Body, 0); err != nil {
		http.Error(w, err.Error(), 400)
	}
}
