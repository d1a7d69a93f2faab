// SPDX-License-Identifier: BSL-1.0

// go-daemon: the program starts itself once more, and the second one goes on.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sevlyar/go-daemon"
)

func die(what string, err error) {
	fmt.Fprintf(os.Stderr, "go-daemon: %s: %v\n", what, err)
	os.Exit(1)
}

// See tell_ready.h.
func tellReady() {
	if fifo, err := os.OpenFile(os.Getenv("PEER_READY"), os.O_WRONLY, 0); err == nil {
		fmt.Fprintf(fifo, "%d\n", os.Getpid())
		fifo.Close()
	}
}

func main() {
	os.Stat("/daemon-peers/main-begins") // the run time's own start is over
	if len(os.Args) < 2 {
		os.Exit(2)
	}
	context := &daemon.Context{PidFileName: os.Args[1], PidFilePerm: 0644, WorkDir: "/", Umask: 022}
	child, err := context.Reborn()
	if err != nil {
		if owner, failure := daemon.ReadPidFile(os.Args[1]); err == daemon.ErrWouldBlock && failure == nil {
			die(fmt.Sprintf("already running as %d", owner), err)
		}
		die("start", err)
	}
	if child != nil {
		return
	}
	defer context.Release()
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	tellReady()
	<-told
}
