package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func (s *s3Server) get(w http.ResponseWriter, r *http.Request, name string) {
	s.count(map[string]string{"HEAD": "HeadObject"}[r.Method] + map[string]string{"GET": "GetObject"}[r.Method])
	found := s.find(w, name, r.Header.Get("If-Match"))
	if found == nil {
		return
	}
	from, size, ranged := rangeOf(r.Header.Get("Range"), found.Size)
	if from < 0 {
		fail(w, 416, "InvalidRange")
		return
	}
	bytes, there := found.slice(from, size)
	if r.Method == "GET" && !there {
		fail(w, 501, "NotKept")
		return
	}
	header := w.Header()
	header.Set("ETag", found.etag)
	header.Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
	header.Set("Accept-Ranges", "bytes")
	if found.crc32 != "" && !ranged {
		header.Set("x-amz-checksum-crc32", found.crc32)
		header.Set("x-amz-checksum-type", "FULL_OBJECT")
	}
	header.Set("Content-Length", fmt.Sprint(size))
	if ranged {
		header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+size-1, found.Size))
		w.WriteHeader(206)
	}
	if r.Method == "GET" {
		w.Write(bytes)
	}
}

// find gives an object that has the ETag wanted (empty: any); where there is none, it has answered.
func (s *s3Server) find(w http.ResponseWriter, name, want string) *object {
	s.Lock()
	found := s.objects[name]
	s.Unlock()
	if found == nil {
		fail(w, 404, "NoSuchKey")
		return nil
	}
	if want != "" && !sameETag(want, found.etag) {
		fail(w, 412, "PreconditionFailed")
		return nil
	}
	return found
}

// rangeOf reads `bytes=a-b`, `bytes=a-` and `bytes=-n` of content of this size; from is negative where there is nothing to give.
func rangeOf(header string, size int64) (from, length int64, ranged bool) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return 0, size, false
	}
	first, last, _ := strings.Cut(spec, "-")
	end := size - 1
	if first == "" {
		count, err := strconv.ParseInt(last, 10, 64)
		if err != nil || count == 0 {
			return -1, 0, true
		}
		return max(0, size-count), min(size, count), true
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err == nil && last != "" {
		end, err = strconv.ParseInt(last, 10, 64)
	}
	end = min(end, size-1)
	if err != nil || from > end {
		return -1, 0, true
	}
	return from, end - from + 1, true
}

// sourceOf finds what a copy shall be made of, if it is still the one that was named.
func (s *s3Server) sourceOf(w http.ResponseWriter, r *http.Request) *object {
	name, _ := url.PathUnescape(strings.TrimPrefix(r.Header.Get("X-Amz-Copy-Source"), "/"))
	return s.find(w, name, r.Header.Get("X-Amz-Copy-Source-If-Match"))
}

func (s *s3Server) copy(w http.ResponseWriter, r *http.Request, name string) {
	s.count("CopyObject")
	found := s.sourceOf(w, r)
	if found == nil {
		return
	}
	// The ETag of an object without parts is that of its bytes, which stay the same; clients compare them.
	etag := found.etag
	if strings.Contains(etag, "-") {
		etag = s.etag()
	}
	s.Lock()
	s.objects[name] = &object{content: found.content, etag: etag, modified: now(), file: found.file}
	s.Unlock()
	answer(w, `<CopyObjectResult><ETag>%s</ETag><LastModified>%s</LastModified>%s<ChecksumType>FULL_OBJECT</ChecksumType></CopyObjectResult>`, escape(etag), now(), checksumXML(found.crc32))
}

// copyPart takes a range of an object that lies in a file, or a whole one, for a part: of other bytes nothing is known.
func (s *s3Server) copyPart(w http.ResponseWriter, r *http.Request, id, number string) {
	s.count("UploadPartCopy")
	found := s.sourceOf(w, r)
	if found == nil {
		return
	}
	upload, at := s.partOf(w, id, number)
	if upload == nil {
		return
	}
	from, size, _ := rangeOf(r.Header.Get("X-Amz-Copy-Source-Range"), found.Size)
	if from < 0 {
		fail(w, 416, "InvalidRange")
		return
	}
	made, err := found.part(from, size)
	if err != nil {
		fail(w, 501, "NotKept")
		return
	}
	etag := s.etag()
	s.Lock()
	upload.parts[at] = &part{made, etag}
	s.Unlock()
	answer(w, `<CopyPartResult><ETag>%s</ETag><LastModified>%s</LastModified>%s</CopyPartResult>`, escape(etag), now(), checksumXML(made.crc32))
}

func sameETag(a, b string) bool { return strings.Trim(a, `"`) == strings.Trim(b, `"`) }
