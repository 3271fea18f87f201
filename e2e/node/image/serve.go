package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type object = map[string]any

// serve answers for the model that the downloader brought, and fails at once where none is there.
func serve(args []string) error {
	folder, name, port := option(args, "--model="), option(args, "--served-model-name="), option(args, "--port=")
	weights, err := filepath.Glob(filepath.Join(folder, "*.safetensors"))
	if err != nil || len(weights) == 0 {
		return fmt.Errorf("no weights below %s", folder)
	}
	fmt.Printf("loaded %d weights of %s\n", len(weights), name)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	routes.Handle("GET /v1/models", guarded(func(response http.ResponseWriter, _ *http.Request) {
		answer(response, http.StatusOK, object{"object": "list", "data": []object{{"id": name, "object": "model"}}})
	}))
	for kind, path := range map[string]string{"chat.completion": "POST /v1/chat/completions", "text_completion": "POST /v1/completions"} {
		routes.Handle(path, guarded(func(response http.ResponseWriter, request *http.Request) {
			complete(response, request, name, kind)
		}))
	}
	return http.ListenAndServe(":"+port, routes)
}

func option(args []string, prefix string) string {
	for _, arg := range args {
		if strings.HasPrefix(arg, prefix) {
			return strings.TrimPrefix(arg, prefix)
		}
	}
	return ""
}

// guarded refuses requests without the key, in vLLM's words.
func guarded(next http.HandlerFunc) http.Handler {
	wanted := []byte("Bearer " + os.Getenv("VLLM_API_KEY"))
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		given := []byte(request.Header.Get("Authorization"))
		if subtle.ConstantTimeCompare(given, wanted) != 1 {
			answer(response, http.StatusUnauthorized, object{"error": "Unauthorized"})
			return
		}
		next(response, request)
	})
}

var words = []string{"def ", "reverse", "(text)", ": ", "return ", "text", "[::-1]"}

func complete(response http.ResponseWriter, request *http.Request, name, kind string) {
	var asked struct {
		Model  string
		Stream bool
	}
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
		answer(response, http.StatusBadRequest, object{"error": object{"message": err.Error()}})
		return
	}
	if asked.Model != name {
		message := fmt.Sprintf("The model `%s` does not exist.", asked.Model)
		answer(response, http.StatusNotFound, object{"error": object{"message": message, "type": "NotFoundError", "code": 404}})
		return
	}
	usage := object{"prompt_tokens": 1, "completion_tokens": len(words), "total_tokens": len(words) + 1}
	head := object{"id": "cmpl-1", "object": kind, "created": time.Now().Unix(), "model": name}
	if !asked.Stream {
		answer(response, http.StatusOK, with(head, object{"usage": usage, "choices": []object{choice(kind, "message", strings.Join(words, ""), "stop")}}))
		return
	}
	if kind == "chat.completion" {
		head["object"] = "chat.completion.chunk"
	}
	response.Header().Set("Content-Type", "text/event-stream")
	for _, word := range words {
		event(response, with(head, object{"choices": []object{choice(kind, "delta", word, nil)}}))
	}
	event(response, with(head, object{"choices": []object{choice(kind, "delta", "", "stop")}}))
	event(response, with(head, object{"choices": []object{}, "usage": usage}))
	fmt.Fprint(response, "data: [DONE]\n\n")
}

func choice(kind, part, text string, finish any) object {
	if kind == "text_completion" {
		return object{"index": 0, "text": text, "finish_reason": finish}
	}
	return object{"index": 0, part: object{"role": "assistant", "content": text}, "finish_reason": finish}
}

func with(head, more object) object {
	all := object{}
	for _, each := range []object{head, more} {
		for key, value := range each {
			all[key] = value
		}
	}
	return all
}

func answer(response http.ResponseWriter, status int, body object) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	_ = json.NewEncoder(response).Encode(body)
}

func event(response http.ResponseWriter, body object) {
	text, _ := json.Marshal(body)
	fmt.Fprintf(response, "data: %s\n\n", text)
	response.(http.Flusher).Flush()
}
