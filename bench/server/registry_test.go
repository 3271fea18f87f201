package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func putTo(t *testing.T, url string, body string) int {
	t.Helper()
	request, _ := http.NewRequest("PUT", url, strings.NewReader(body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestAManifestIsTakenOnlyWithAllThatItNames(t *testing.T) {
	state := newState()
	server := httptest.NewServer(&registryServer{state})
	defer server.Close()
	layer := "some layer"
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(layer)))
	manifest := func(size int) string {
		text, _ := json.Marshal(map[string]any{"layers": []descriptor{{digest, int64(size)}}})
		return string(text)
	}
	at := server.URL + "/v2/atlas/manifests/1.0"
	if status := putTo(t, at, manifest(len(layer))); status != 400 {
		t.Errorf("without its layer: %d", status)
	}
	response, err := http.Post(server.URL+"/v2/atlas/blobs/uploads/", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if status := putTo(t, server.URL+response.Header.Get("Location")+"?digest="+digest, layer); status != 201 {
		t.Fatalf("the layer: %d", status)
	}
	if status := putTo(t, at, manifest(len(layer)+1)); status != 400 {
		t.Errorf("with another size: %d", status)
	}
	if status := putTo(t, at, manifest(len(layer))); status != 201 {
		t.Errorf("with all: %d", status)
	}
	if state.Repositories["atlas"].Tags["1.0"] == "" {
		t.Error("the tag names nothing")
	}
}
