// Command shop is all that runs in the pods of the tests' cluster.
//
//	shop             serves HTTP; see server.go
//	shop pause       waits: holds a pod's namespaces
//	shop pack FILE   writes itself as container images; see pack.go
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	var err error
	switch command := append(os.Args[1:], "serve"); command[0] {
	case "pause":
		end := make(chan os.Signal, 1)
		signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
		<-end
	case "pack":
		if len(os.Args) != 3 {
			err = fmt.Errorf("usage: shop pack FILE")
			break
		}
		err = pack(os.Args[2])
	case "serve":
		err = serve()
	default:
		err = fmt.Errorf("no command is called %q", command[0])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}
