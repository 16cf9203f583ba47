package main

import (
	"context"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How the server behaves: the environment sets it, an image has an environment of its own (pack.go), and a request to
// /control changes it while the server runs.
type behaviour struct {
	Fail    float64       // FAIL: of requests to be answered by 500; 0.1 is one in ten
	Latency time.Duration // LATENCY: before each answer; "200ms"
	Work    time.Duration // WORK: of a processor, for each answer; "2ms"
	Ready   bool          // READY: what /readyz says; "true" by default
}

// Other settings: VERSION (the whole answer to /), ADDRESS (":8080" by default), CRASH_AFTER (exits with status 1 then;
// "0s" is at once), WARM_UP (unready so long after the start), DRAIN (serves on so long after SIGTERM, unready). A file
// /etc/shop/version takes the place of VERSION.
type server struct {
	version  string
	mutex    sync.Mutex // guards what follows
	now      behaviour
	draining bool
	codes    map[int]uint64
	buckets  []uint64 // of durations, each with all below it
	seconds  float64
}

var bounds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5}

func duration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

// set changes what `get` has a value for; all of it or nothing.
func (b *behaviour) set(get func(string) string) error {
	next := *b
	var err error
	if text := get("FAIL"); text != "" {
		if next.Fail, err = strconv.ParseFloat(text, 64); err != nil {
			return err
		}
	}
	if text := get("LATENCY"); text != "" {
		if next.Latency, err = time.ParseDuration(text); err != nil {
			return err
		}
	}
	if text := get("WORK"); text != "" {
		if next.Work, err = time.ParseDuration(text); err != nil {
			return err
		}
	}
	if text := get("READY"); text != "" {
		if next.Ready, err = strconv.ParseBool(text); err != nil {
			return err
		}
	}
	*b = next
	return nil
}

func (s *server) behaviour() (behaviour, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.now, s.now.Ready && !s.draining
}

func (s *server) count(code int, spent time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.codes[code]++
	s.seconds += spent.Seconds()
	for i, bound := range bounds {
		if spent.Seconds() <= bound {
			s.buckets[i]++
		}
	}
}

// work keeps a processor busy for so long, by the time that this thread had one: on a busy machine it takes longer and
// costs as much.
func work(amount time.Duration) {
	if amount <= 0 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spent := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &usage); err != nil {
			return amount
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	for end := spent() + amount; spent() < end; {
	}
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	now, _ := s.behaviour()
	time.Sleep(now.Latency)
	work(now.Work)
	code := http.StatusOK
	if rand.Float64() < now.Fail {
		code = http.StatusInternalServerError
	}
	s.count(code, time.Since(began))
	w.Header().Set("X-Version", s.version)
	w.WriteHeader(code)
	fmt.Fprintln(w, s.version)
}

func (s *server) readiness(w http.ResponseWriter, r *http.Request) {
	if _, ready := s.behaviour(); !ready {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
	}
}

// control is given a query: /control?FAIL=0.5&READY=false
func (s *server) control(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.now.set(r.URL.Query().Get); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var codes []int
	var all uint64
	for code, n := range s.codes {
		codes = append(codes, code)
		all += n
	}
	sort.Ints(codes)
	var text strings.Builder
	fmt.Fprintln(&text, "# TYPE http_requests_total counter")
	for _, code := range codes {
		fmt.Fprintf(&text, "http_requests_total{code=\"%d\"} %d\n", code, s.codes[code])
	}
	fmt.Fprintln(&text, "# TYPE http_request_duration_seconds histogram")
	for i, bound := range bounds {
		fmt.Fprintf(&text, "http_request_duration_seconds_bucket{le=\"%g\"} %d\n", bound, s.buckets[i])
	}
	fmt.Fprintf(&text, "http_request_duration_seconds_bucket{le=\"+Inf\"} %d\n", all)
	fmt.Fprintf(&text, "http_request_duration_seconds_sum %g\nhttp_request_duration_seconds_count %d\n", s.seconds, all)
	fmt.Fprint(w, text.String())
}

// setReadyLater makes the server ready once `warmUp` is over.
func (s *server) setReadyLater(warmUp time.Duration) {
	s.now.Ready = false
	time.AfterFunc(warmUp, func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.now.Ready = true
	})
}

func version() string {
	if text, err := os.ReadFile("/etc/shop/version"); err == nil {
		return strings.TrimSpace(string(text))
	}
	return os.Getenv("VERSION")
}

func serve() error {
	s := &server{
		version: version(), now: behaviour{Ready: true}, codes: map[int]uint64{}, buckets: make([]uint64, len(bounds)),
	}
	if err := s.now.set(os.Getenv); err != nil {
		return err
	}
	spans := map[string]time.Duration{}
	for _, name := range []string{"CRASH_AFTER", "WARM_UP", "DRAIN"} {
		var err error
		if spans[name], err = duration(os.Getenv(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if os.Getenv("CRASH_AFTER") != "" {
		time.AfterFunc(spans["CRASH_AFTER"], func() {
			fmt.Fprintln(os.Stderr, "shop: crashed, as it was told to")
			os.Exit(1)
		})
	}
	if spans["WARM_UP"] > 0 {
		s.setReadyLater(spans["WARM_UP"])
	}

	address := os.Getenv("ADDRESS")
	if address == "" {
		address = ":8080"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.answer)
	mux.HandleFunc("/readyz", s.readiness)
	mux.HandleFunc("/control", s.control)
	mux.HandleFunc("/metrics", s.metrics)
	web := &http.Server{Addr: address, Handler: mux}
	done := make(chan error, 1)
	go func() { done <- web.ListenAndServe() }()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-done:
		return err
	case <-end:
	}
	s.mutex.Lock()
	s.draining = true
	s.mutex.Unlock()
	time.Sleep(spans["DRAIN"])
	// Requests that are being answered are; connections that wait for a next one are closed.
	return web.Shutdown(context.Background())
}
