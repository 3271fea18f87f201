package main

import (
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
)

const defaultEncryption = `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`

func (s *s3Server) bucket(w http.ResponseWriter, r *http.Request, bucket string, query url.Values) {
	switch {
	case r.Method == "HEAD":
		s.count("HeadBucket")
	case query.Has("encryption"):
		s.count("GetBucketEncryption")
		answer(w, defaultEncryption)
	case query.Has("uploads"):
		s.count("ListMultipartUploads")
		answer(w, `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`)
	case query.Has("location"):
		answer(w, `<LocationConstraint>us-east-2</LocationConstraint>`)
	case r.Method == "GET":
		s.count("ListObjects")
		s.list(w, bucket, query)
	default:
		fail(w, 501, "NotImplemented")
	}
}

func (s *s3Server) list(w http.ResponseWriter, bucket string, query url.Values) {
	prefix, after := bucket+"/"+query.Get("prefix"), query.Get("continuation-token")
	if after == "" {
		after = query.Get("marker")
	}
	s.Lock()
	defer s.Unlock()
	var keys []string
	for key := range s.objects {
		if strings.HasPrefix(key, prefix) && key > bucket+"/"+after {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	more := len(keys) > 1000
	if more {
		keys = keys[:1000]
	}
	var rows strings.Builder
	for _, key := range keys {
		found := s.objects[key]
		fmt.Fprintf(&rows, `<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag><Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>`, encoded(key[len(bucket)+1:], query), found.modified, escape(found.etag), found.Size)
	}
	next := ""
	if more {
		last := keys[len(keys)-1][len(bucket)+1:]
		next = "<NextContinuationToken>" + escape(last) + "</NextContinuationToken><NextMarker>" + encoded(last, query) + "</NextMarker>"
	}
	answer(w, `<ListBucketResult><Name>%s</Name><Prefix>%s</Prefix><KeyCount>%d</KeyCount><IsTruncated>%v</IsTruncated>%s%s</ListBucketResult>`, bucket, escape(query.Get("prefix")), len(keys), more, next, rows.String())
}

func encoded(key string, query url.Values) string {
	if query.Get("encoding-type") == "url" {
		return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
	}
	return escape(key)
}
