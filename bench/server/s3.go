package main

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// s3Server speaks enough of S3 for uploads, listings and copies, path style. Signatures are not looked at; sizes, parts, ETags and conditions are.
type s3Server struct{ *state }

func (s *s3Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	w.Header().Set("x-amz-bucket-region", "us-east-2")
	w.Header().Set("x-amz-request-id", s.id())
	if key == "" {
		s.bucket(w, r, bucket, query)
		return
	}
	name := bucket + "/" + key
	id := query.Get("uploadId")
	switch {
	case r.Method == "PUT" && id != "" && r.Header.Get("X-Amz-Copy-Source") != "":
		s.copyPart(w, r, id, query.Get("partNumber"))
	case r.Method == "PUT" && id != "":
		s.putPart(w, r, id, query.Get("partNumber"))
	case r.Method == "PUT":
		s.put(w, r, name)
	case r.Method == "POST" && query.Has("uploads"):
		s.begin(w, r, bucket, key)
	case r.Method == "POST" && id != "":
		s.complete(w, r, name, id)
	case r.Method == "DELETE":
		s.remove(w, name, id)
	case id != "":
		s.listParts(w, id)
	default:
		s.get(w, r, name)
	}
}

// bodyOf gives the payload, and how long it is said to be: SDKs wrap it in chunks to append a checksum.
func bodyOf(r *http.Request) (io.Reader, int64) {
	if size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64); err == nil {
		return &chunked{from: r.Body}, size
	}
	return r.Body, r.ContentLength
}

func (s *s3Server) receive(w http.ResponseWriter, r *http.Request) (content, bool) {
	body, size := bodyOf(r)
	keep := kept
	if strings.HasSuffix(r.URL.Path, ".json") {
		keep = keptJSON
	}
	received, err := s.discard(body, keep)
	if err != nil || received.Size != size {
		fail(w, 400, "IncompleteBody")
		return received, false
	}
	received.crc32 = r.Header.Get("X-Amz-Checksum-Crc32")
	if received.crc32 != "" {
		w.Header().Set("x-amz-checksum-crc32", received.crc32)
	}
	return received, true
}

func (s *s3Server) put(w http.ResponseWriter, r *http.Request, name string) {
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		s.copy(w, r, name)
		return
	}
	s.count("PutObject")
	received, ok := s.receive(w, r)
	if !ok {
		return
	}
	etag := s.etag()
	// S3's own ETag of such an object is its MD5, against which some clients hold what they sent; hashing here would slow all of them.
	if md5, err := base64.StdEncoding.DecodeString(r.Header.Get("Content-MD5")); err == nil && len(md5) == 16 {
		etag = fmt.Sprintf(`"%x"`, md5)
	}
	s.Lock()
	defer s.Unlock()
	if _, exists := s.objects[name]; exists && r.Header.Get("If-None-Match") == "*" {
		fail(w, 412, "PreconditionFailed")
		return
	}
	s.objects[name] = &object{content: received, etag: etag, modified: now()}
	w.Header().Set("ETag", etag)
	w.Header().Set("x-amz-checksum-type", "FULL_OBJECT")
}

func (s *s3Server) begin(w http.ResponseWriter, r *http.Request, bucket, key string) {
	s.count("CreateMultipartUpload")
	id := s.id()
	s.Lock()
	s.uploads[id] = &upload{bucket + "/" + key, map[int]*part{}}
	s.Unlock()
	answer(w, `<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, bucket, escape(key), id)
}

// partOf gives the upload that a part belongs to, and the part's number; where there is none, it has answered.
func (s *s3Server) partOf(w http.ResponseWriter, id, number string) (*upload, int) {
	s.Lock()
	found := s.uploads[id]
	s.Unlock()
	at, err := strconv.Atoi(number)
	if found == nil || err != nil {
		fail(w, 404, "NoSuchUpload")
		return nil, 0
	}
	return found, at
}

func (s *s3Server) putPart(w http.ResponseWriter, r *http.Request, id, number string) {
	s.count("UploadPart")
	upload, at := s.partOf(w, id, number)
	if upload == nil {
		return
	}
	received, ok := s.receive(w, r)
	if !ok {
		return
	}
	etag := s.etag()
	s.Lock()
	upload.parts[at] = &part{received, etag}
	s.Unlock()
	w.Header().Set("ETag", etag)
}

func (s *s3Server) complete(w http.ResponseWriter, r *http.Request, name, id string) {
	s.count("CompleteMultipartUpload")
	var asked struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	err := xml.NewDecoder(r.Body).Decode(&asked)
	s.Lock()
	defer s.Unlock()
	upload := s.uploads[id]
	if upload == nil || upload.key != name {
		fail(w, 404, "NoSuchUpload")
		return
	}
	whole := content{crc32: r.Header.Get("X-Amz-Checksum-Crc32")}
	last := 0
	for _, one := range asked.Part {
		found := upload.parts[one.PartNumber]
		if found == nil || strings.Trim(found.etag, `"`) != strings.Trim(one.ETag, `"`) || one.PartNumber <= last {
			fail(w, 400, "InvalidPart")
			return
		}
		last = one.PartNumber
		if whole.Size == 0 {
			whole.bytes = found.bytes
		}
		whole.Size += found.Size
		whole.Sample ^= found.Sample
	}
	if size := r.Header.Get("X-Amz-Mp-Object-Size"); err != nil || (size != "" && size != fmt.Sprint(whole.Size)) {
		fail(w, 400, "InvalidRequest")
		return
	}
	delete(s.uploads, id)
	etag := fmt.Sprintf(`"%s0000000000000000-%d"`, id, len(asked.Part))
	s.objects[name] = &object{content: whole, etag: etag, modified: now()}
	bucket, key, _ := strings.Cut(name, "/")
	answer(w, `<CompleteMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><ETag>%s</ETag>%s<ChecksumType>FULL_OBJECT</ChecksumType></CompleteMultipartUploadResult>`, bucket, escape(key), etag, checksumXML(whole.crc32))
}

func (s *s3Server) listParts(w http.ResponseWriter, id string) {
	s.count("ListParts")
	s.Lock()
	defer s.Unlock()
	if s.uploads[id] == nil {
		fail(w, 404, "NoSuchUpload")
		return
	}
	var rows strings.Builder
	for number, part := range s.uploads[id].parts {
		fmt.Fprintf(&rows, `<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><Size>%d</Size></Part>`, number, part.etag, part.Size)
	}
	answer(w, `<ListPartsResult>%s<IsTruncated>false</IsTruncated></ListPartsResult>`, rows.String())
}

func (s *s3Server) remove(w http.ResponseWriter, name, id string) {
	s.count("Delete")
	s.Lock()
	if id != "" {
		delete(s.uploads, id)
	} else {
		delete(s.objects, name)
	}
	s.Unlock()
	w.WriteHeader(204)
}

func escape(text string) string {
	var out strings.Builder
	xml.EscapeText(&out, []byte(text))
	return out.String()
}

func checksumXML(crc string) string {
	if crc == "" {
		return ""
	}
	return "<ChecksumCRC32>" + crc + "</ChecksumCRC32>"
}

func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") }

func answer(w http.ResponseWriter, format string, values ...any) {
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, xml.Header+format, values...)
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s<Error><Code>%s</Code><Message>%s</Message></Error>", xml.Header, code, code)
}
