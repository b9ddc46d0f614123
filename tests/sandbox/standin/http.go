package main

import (
	"flag"
	"fmt"
	"net/http"

	"k8s.io/klog/v2"
)

// apiserver imitates ks-apiserver v3.4.1 as far as starting goes: it refuses the configurations that the real one
// refuses, answers the probes and says its version. It serves no API, has no login, and does not connect to Redis.
func apiserver(args []string) {
	parse("ks-apiserver", args, func(*flag.FlagSet) {})
	settings := loadConfig()
	if settings.Authentication.JwtSecret == "" {
		klog.Exit("JWT secret MUST not be empty")
	}
	if kind := settings.Cache.Type; kind != "redis" && kind != "InMemoryCache" {
		klog.Exitf("cache with type %s is not supported", kind)
	}
	version := `{"gitVersion":"v3.4.1","gitMajor":"3","gitMinor":"4"}`
	serve(9090, map[string]string{"/healthz": "ok", "/kapis/version": version})
}

// console imitates ks-console v3.4.1: its port is open. It has no pages but one, and reads no configuration.
func console([]string) { serve(8000, map[string]string{"/": "ks-console: stand-in of the sandbox\n"}) }

// defaultBackend imitates defaultbackend 1.4, the page for addresses that no ingress serves.
func defaultBackend([]string) { serve(8080, map[string]string{"/healthz": "ok"}) }

// serve answers each path with its text, any other with 404, and never returns.
func serve(port int, pages map[string]string) {
	handler := func(answer http.ResponseWriter, request *http.Request) {
		page, ok := pages[request.URL.Path]
		if !ok {
			answer.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(answer, page)
	}
	klog.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", port), http.HandlerFunc(handler)))
}
