package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const account = "210987654321"

// controlServer answers the few calls of STS and ECR that stand around a push; it grants everything. The path of the endpoint names the registry:
// /registry/<host:port>.
type controlServer struct{ *state }

func (s *controlServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	target := r.Header.Get("X-Amz-Target")
	if target == "" {
		s.count("sts")
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/bench</Arn><UserId>BENCH</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, account, account)
		return
	}
	call := target[strings.LastIndex(target, ".")+1:]
	s.count("ecr " + call)
	var in struct {
		RepositoryName  string
		RepositoryNames []string
		ImageIds        []struct{ ImageTag string }
	}
	json.Unmarshal(body, &in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer := func(value any) { json.NewEncoder(w).Encode(value) }
	failed := func(code string) {
		w.WriteHeader(400)
		answer(map[string]string{"__type": code, "message": code})
	}
	registry := "http://" + strings.Trim(strings.TrimPrefix(r.URL.Path, "/registry/"), "/")
	s.Lock()
	defer s.Unlock()
	switch call {
	case "GetAuthorizationToken":
		answer(map[string]any{"authorizationData": []any{map[string]any{
			"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:bench")),
			"expiresAt":          time.Now().Add(12 * time.Hour).Unix(), "proxyEndpoint": registry,
		}}})
	case "DescribeRepositories":
		found := []any{}
		for _, name := range in.RepositoryNames {
			if s.Repositories[name] == nil {
				failed("RepositoryNotFoundException")
				return
			}
			found = append(found, describe(name))
		}
		answer(map[string]any{"repositories": found})
	case "CreateRepository":
		s.repository(in.RepositoryName)
		answer(map[string]any{"repository": describe(in.RepositoryName)})
	case "DescribeImages":
		images := []any{}
		for _, id := range in.ImageIds {
			if digest, ok := s.repository(in.RepositoryName).Tags[id.ImageTag]; ok {
				images = append(images, map[string]any{"imageDigest": digest, "imageTags": []string{id.ImageTag}, "imageStatus": "ACTIVE"})
			}
		}
		if len(images) == 0 {
			failed("ImageNotFoundException")
			return
		}
		answer(map[string]any{"imageDetails": images})
	case "GetAccountSetting":
		answer(map[string]any{"name": "BLOB_MOUNTING", "value": "ENABLED"})
	case "DescribeRepositoryCreationTemplates":
		answer(map[string]any{"repositoryCreationTemplates": []any{}})
	default:
		failed("UnknownOperationException")
	}
}

func describe(name string) map[string]any {
	return map[string]any{
		"repositoryName": name, "registryId": account, "imageTagMutability": "IMMUTABLE",
		"repositoryArn": "arn:aws:ecr:us-east-2:" + account + ":repository/" + name,
	}
}
