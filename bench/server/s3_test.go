package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type bench struct {
	*testing.T
	*state
	url string
}

func start(t *testing.T) bench {
	state := newState()
	server := httptest.NewServer(&s3Server{state})
	t.Cleanup(server.Close)
	return bench{t, state, server.URL}
}

// ask sends a request and gives status and body; headers are `name: value`.
func (b bench) ask(method, path string, body []byte, headers ...string) (int, string) {
	b.Helper()
	request, err := http.NewRequest(method, b.url+path, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

func (b bench) begin(key string) string {
	_, text := b.ask("POST", "/data/"+key+"?uploads", nil)
	return between(text, "<UploadId>", "<")
}

func noise(size int) []byte {
	bytes := make([]byte, size)
	rand.New(rand.NewSource(1)).Read(bytes)
	return bytes
}

func TestAnObjectIsTheSameAtOnceAndInParts(t *testing.T) {
	b := start(t)
	whole := noise(3*64<<10 + 4096 + 77)
	if status, _ := b.ask("PUT", "/data/once", whole); status != 200 {
		t.Fatal(status)
	}
	id := b.begin("parts")
	var parts strings.Builder
	for number, at := 1, 0; at < len(whole); number, at = number+1, at+64<<10 {
		piece := whole[at:min(len(whole), at+64<<10)]
		b.ask("PUT", fmt.Sprintf("/data/parts?uploadId=%s&partNumber=%d", id, number), piece)
		fmt.Fprintf(&parts, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", number, b.uploads[id].parts[number].etag)
	}
	body := []byte("<CompleteMultipartUpload>" + parts.String() + "</CompleteMultipartUpload>")
	if status, text := b.ask("POST", "/data/parts?uploadId="+id, body); status != 200 {
		t.Fatal(status, text)
	}
	a, c := b.objects["data/once"].content, b.objects["data/parts"].content
	if a.Size != c.Size || a.Sample != c.Sample || !bytes.Equal(a.bytes, c.bytes) {
		t.Errorf("%d %d is not %d %d", a.Size, a.Sample, c.Size, c.Sample)
	}
}

func TestTheBeginningOfAnObjectIsReadAgainAndTheRestIsRefused(t *testing.T) {
	b := start(t)
	whole := noise(kept + 1000)
	b.ask("PUT", "/data/weights", whole)
	if status, text := b.ask("GET", "/data/weights", nil, "Range: bytes=8-99"); status != 206 || text != string(whole[8:100]) {
		t.Errorf("a range of the beginning: %d, %d bytes", status, len(text))
	}
	if status, _ := b.ask("GET", "/data/weights", nil, fmt.Sprintf("Range: bytes=8-%d", kept+8)); status != 501 {
		t.Errorf("a range behind what is kept: %d", status)
	}
	if status, _ := b.ask("GET", "/data/weights", nil, "Range: bytes=900000-"); status != 416 {
		t.Errorf("a range behind the end: %d", status)
	}
	if status, _ := b.ask("GET", "/data/weights", nil, "If-Match: \"other\""); status != 412 {
		t.Errorf("another version: %d", status)
	}
}

func TestACopyIsTheSourceUnderItsCondition(t *testing.T) {
	b := start(t)
	b.ask("PUT", "/data/from", noise(5000), "X-Amz-Checksum-Crc32: AAAAAA==")
	etag := b.objects["data/from"].etag
	if status, text := b.ask("PUT", "/data/to", nil, "X-Amz-Copy-Source: data/from", "X-Amz-Copy-Source-If-Match: "+etag); status != 200 || !strings.Contains(text, "AAAAAA==") {
		t.Fatal(status, text)
	}
	if b.objects["data/to"].Sample != b.objects["data/from"].Sample {
		t.Error("the copy is another")
	}
	if status, _ := b.ask("PUT", "/data/late", nil, "X-Amz-Copy-Source: data/from", "X-Amz-Copy-Source-If-Match: \"old\""); status != 412 || b.objects["data/late"] != nil {
		t.Error("a source that changed was copied", status)
	}
}

func TestARangeOfAFileIsCopiedWithTheChecksumOfItsBytes(t *testing.T) {
	b := start(t)
	whole := noise(300_000)
	path := filepath.Join(t.TempDir(), "some.tar")
	os.WriteFile(path, whole, 0o600)
	answer := httptest.NewRecorder()
	b.lay(answer, httptest.NewRequest("GET", "/bench/lay?key=data/some.tar&path="+path, nil))
	if answer.Code != 200 {
		t.Fatal(answer.Body)
	}
	id := b.begin("member")
	path = fmt.Sprintf("/data/member?uploadId=%s&partNumber=1", id)
	status, text := b.ask("PUT", path, nil, "X-Amz-Copy-Source: data/some.tar", "X-Amz-Copy-Source-Range: bytes=4096-204799")
	want := contentOf(whole[4096:204800])
	if status != 200 || between(text, "<ChecksumCRC32>", "<") != want.crc32 {
		t.Fatal(status, text)
	}
	if found := b.uploads[id].parts[1]; found.Size != want.Size || found.Sample != want.Sample {
		t.Error("the part is not the range")
	}
	// The same bytes over the wire must give the same sample.
	b.ask("PUT", "/data/sent", whole[4096:204800])
	if b.objects["data/sent"].Sample != want.Sample {
		t.Error("a copy and an upload of the same bytes differ")
	}
}

func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	b := start(t)
	if status, _ := b.ask("PUT", "/data/short", noise(10), "X-Amz-Decoded-Content-Length: 11"); status != 400 || b.objects["data/short"] != nil {
		t.Error(status)
	}
}

func TestForgettingBelowAPrefixLeavesTheRest(t *testing.T) {
	b := start(t)
	b.ask("PUT", "/data/source/a", noise(10))
	b.ask("PUT", "/data/copied/a", noise(10))
	b.reset(httptest.NewRecorder(), httptest.NewRequest("GET", "/bench/reset?below=data/copied/", nil))
	if b.objects["data/source/a"] == nil || b.objects["data/copied/a"] != nil || len(b.Requests) != 0 {
		t.Error("the wrong things were forgotten")
	}
}

func TestAFrontAnswersHowABucketEncryptsAndPassesTheRestOn(t *testing.T) {
	b := start(t)
	front := httptest.NewServer(frontOf(strings.TrimPrefix(b.url, "http://")))
	defer front.Close()
	b.url = front.URL
	if status, text := b.ask("GET", "/data?encryption", nil); status != 200 || !strings.Contains(text, "AES256") || len(b.Requests) != 0 {
		t.Error(status, text)
	}
	if status, _ := b.ask("PUT", "/data/some", noise(100_000)); status != 200 || b.objects["data/some"].Size != 100_000 {
		t.Error(status)
	}
}

func TestTheMD5ThatAClientTellsIsTheETag(t *testing.T) {
	b := start(t)
	b.ask("PUT", "/data/some", noise(10), "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==")
	if etag := b.objects["data/some"].etag; etag != `"d41d8cd98f00b204e9800998ecf8427e"` {
		t.Error(etag)
	}
}
