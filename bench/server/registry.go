package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// registryServer speaks the OCI distribution protocol. Layers are discarded; a manifest is taken only when all that it names is there with its size.
type registryServer struct{ *state }

var (
	blobPath     = regexp.MustCompile(`^/v2/(.+)/blobs/(sha256:[0-9a-f]{64})$`)
	uploadsPath  = regexp.MustCompile(`^/v2/(.+)/blobs/uploads/$`)
	uploadPath   = regexp.MustCompile(`^/v2/(.+)/blobs/uploads/([0-9a-f]{16})$`)
	manifestPath = regexp.MustCompile(`^/v2/(.+)/manifests/([^/]+)$`)
)

func (s *registryServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	path := r.URL.Path
	if path == "/v2/" {
		s.count("ping")
		return
	}
	if m := blobPath.FindStringSubmatch(path); m != nil {
		s.count("blob " + r.Method)
		s.blob(w, r, m[1], m[2])
	} else if m := uploadsPath.FindStringSubmatch(path); m != nil && r.Method == "POST" {
		s.count("upload POST")
		s.begin(w, r, m[1])
	} else if m := uploadPath.FindStringSubmatch(path); m != nil {
		s.count("upload " + r.Method)
		s.upload(w, r, m[1], m[2])
	} else if m := manifestPath.FindStringSubmatch(path); m != nil {
		s.count("manifest " + r.Method)
		s.manifest(w, r, m[1], m[2])
	} else {
		refuse(w, 404, "UNSUPPORTED")
	}
}

func (s *registryServer) blob(w http.ResponseWriter, r *http.Request, name, digest string) {
	s.Lock()
	found, ok := s.repository(name).Blobs[digest]
	s.Unlock()
	if !ok || (r.Method == "GET" && int64(len(found.bytes)) != found.Size) {
		refuse(w, 404, "BLOB_UNKNOWN")
		return
	}
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Length", fmt.Sprint(found.Size))
	if r.Method == "GET" {
		w.Write(found.bytes)
	}
}

func (s *registryServer) begin(w http.ResponseWriter, r *http.Request, name string) {
	query := r.URL.Query()
	s.Lock()
	blob, mounted := s.repository(query.Get("from")).Blobs[query.Get("mount")]
	if mounted {
		s.repository(name).Blobs[query.Get("mount")] = blob
	}
	s.Unlock()
	if mounted {
		w.Header().Set("Location", "/v2/"+name+"/blobs/"+query.Get("mount"))
		w.WriteHeader(201)
		return
	}
	id := s.id()
	s.Lock()
	s.repository(name).uploads[id] = &content{}
	s.Unlock()
	s.accepted(w, name, id, 0)
}

func (s *registryServer) accepted(w http.ResponseWriter, name, id string, size int64) {
	w.Header().Set("Location", "/v2/"+name+"/blobs/uploads/"+id)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(0, size-1)))
	w.Header().Set("Docker-Upload-UUID", id)
	w.WriteHeader(202)
}

func (s *registryServer) upload(w http.ResponseWriter, r *http.Request, name, id string) {
	s.Lock()
	session := s.repository(name).uploads[id]
	s.Unlock()
	if session == nil {
		refuse(w, 404, "BLOB_UPLOAD_UNKNOWN")
		return
	}
	if r.Method == "PATCH" || r.Method == "PUT" {
		received, err := s.discard(r.Body, max(0, kept-len(session.bytes)))
		if err != nil {
			refuse(w, 400, "BLOB_UPLOAD_INVALID")
			return
		}
		session.Size += received.Size
		session.Sample ^= received.Sample
		session.bytes = append(session.bytes, received.bytes...)
	}
	switch r.Method {
	case "PATCH", "GET":
		s.accepted(w, name, id, session.Size)
	case "PUT":
		digest := r.URL.Query().Get("digest")
		if !strings.HasPrefix(digest, "sha256:") {
			refuse(w, 400, "DIGEST_INVALID")
			return
		}
		s.Lock()
		s.repository(name).Blobs[digest] = *session
		delete(s.repository(name).uploads, id)
		s.Unlock()
		w.Header().Set("Location", "/v2/"+name+"/blobs/"+digest)
		w.Header().Set("Docker-Content-Digest", digest)
		w.WriteHeader(201)
	default:
		refuse(w, 405, "UNSUPPORTED")
	}
}

type descriptor struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

func (s *registryServer) manifest(w http.ResponseWriter, r *http.Request, name, reference string) {
	if r.Method == "PUT" {
		s.putManifest(w, r, name, reference)
		return
	}
	s.Lock()
	repository := s.repository(name)
	digest, ok := repository.Tags[reference]
	if !ok {
		digest = reference
	}
	found := repository.manifests[digest]
	s.Unlock()
	if found == nil {
		refuse(w, 404, "MANIFEST_UNKNOWN")
		return
	}
	w.Header().Set("Content-Type", found.mediaType)
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Length", fmt.Sprint(len(found.bytes)))
	if r.Method == "GET" {
		w.Write(found.bytes)
	}
}

func (s *registryServer) putManifest(w http.ResponseWriter, r *http.Request, name, reference string) {
	bytes, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	var parsed struct {
		Config    *descriptor  `json:"config"`
		Layers    []descriptor `json:"layers"`
		Manifests []descriptor `json:"manifests"`
	}
	if err != nil || json.Unmarshal(bytes, &parsed) != nil {
		refuse(w, 400, "MANIFEST_INVALID")
		return
	}
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(bytes))
	s.Lock()
	defer s.Unlock()
	repository := s.repository(name)
	if parsed.Config != nil {
		parsed.Layers = append(parsed.Layers, *parsed.Config)
	}
	for _, blob := range parsed.Layers {
		if found, ok := repository.Blobs[blob.Digest]; !ok || found.Size != blob.Size {
			refuse(w, 400, "MANIFEST_BLOB_UNKNOWN")
			return
		}
	}
	for _, child := range parsed.Manifests {
		if repository.manifests[child.Digest] == nil {
			refuse(w, 400, "MANIFEST_BLOB_UNKNOWN")
			return
		}
	}
	if strings.HasPrefix(reference, "sha256:") {
		if reference != digest {
			refuse(w, 400, "DIGEST_INVALID")
			return
		}
	} else {
		repository.Tags[reference] = digest
	}
	repository.manifests[digest] = &manifest{bytes, r.Header.Get("Content-Type")}
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Location", "/v2/"+name+"/manifests/"+digest)
	w.WriteHeader(201)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{"code": code, "message": code}}})
}
