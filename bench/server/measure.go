package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// measure runs a command to its end and prints what the kernel accounted for it and its children. Started from a small process, because a child's
// peak of memory is never below that of its parent at the start.
func measure(args []string) {
	flags := flag.NewFlagSet("measure", flag.ExitOnError)
	output := flags.String("log", os.DevNull, "file for what the command prints")
	if err := flags.Parse(args); err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(*output)
	if err != nil {
		log.Fatal(err)
	}
	command := exec.Command(flags.Arg(0), flags.Args()[1:]...)
	command.Stdout, command.Stderr = file, file
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	begun := time.Now()
	if err := command.Start(); err != nil {
		log.Fatal(err)
	}
	go func() {
		for range ends {
			command.Process.Kill()
		}
	}()
	command.Wait()
	wall := time.Since(begun)
	used := command.ProcessState.SysUsage().(*syscall.Rusage)
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"status": command.ProcessState.ExitCode(), "wall": wall.Seconds(),
		"cpu":     seconds(used.Utime) + seconds(used.Stime),
		"memory":  used.Maxrss << 10,
		"written": used.Oublock * 512,
	})
}
