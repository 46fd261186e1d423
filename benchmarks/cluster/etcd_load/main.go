// Puts keys into etcd from a number of clients at once for a while, and prints what was acknowledged: one line of JSON.
//
//	etcd_load -endpoints 127.0.0.1:2379,… -clients 8 -seconds 5
//
// Each client has a connection of its own and one request under way, as the clients of pgbench have.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

func main() {
	endpoints := flag.String("endpoints", "", "host:port of the members, with commas")
	clients := flag.Int("clients", 1, "clients at once")
	seconds := flag.Float64("seconds", 5, "how long")
	size := flag.Int("bytes", 100, "bytes of a value")
	flag.Parse()

	var (
		mutex  sync.Mutex
		took   []float64
		failed int
		group  sync.WaitGroup
	)
	value := strings.Repeat("x", *size)
	var begin time.Time
	start := make(chan struct{})
	for number := 0; number < *clients; number++ {
		client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(*endpoints, ","), DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
		if err != nil {
			log.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Get(context.Background(), "warm"); err != nil {
			log.Fatal(err)
		}
		group.Add(1)
		go func() {
			defer group.Done()
			<-start
			end := begin.Add(time.Duration(*seconds * float64(time.Second)))
			var mine []float64
			lost := 0
			for time.Now().Before(end) {
				at := time.Now()
				if _, err := client.Put(context.Background(), fmt.Sprintf("k%09d", rand.Intn(1_000_000)), value); err != nil {
					lost++
					continue
				}
				mine = append(mine, time.Since(at).Seconds())
			}
			mutex.Lock()
			took = append(took, mine...)
			failed += lost
			mutex.Unlock()
		}()
	}
	begin = time.Now()
	close(start)
	group.Wait()
	passed := time.Since(begin).Seconds()
	sort.Float64s(took)
	at := func(part float64) float64 {
		if len(took) == 0 {
			return 0
		}
		return took[int(part*float64(len(took)-1))] * 1000
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"writes_per_second": float64(len(took)) / passed, "median_ms": at(0.5), "p99_ms": at(0.99), "failed": failed})
}
