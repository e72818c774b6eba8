package main

import (
	"errors"
	"flag"
	"log"
	"os"
	"strings"
	"syscall"
	"time"
)

// runReconciler unmounts repositories whose client died, so that autofs mounts them anew at the next access.
//
// Never lazily, as in the driver: a repository that any process of the node still holds stays dead until it lets go.
// The driver asks CernVM-FS's cvmfs_talk who is dead; here it is who answers ENOTCONN.
func runReconciler(arguments []string) error {
	flags := flag.NewFlagSet("reconciler", flag.ExitOnError)
	period := flags.Duration("period", 30*time.Second, "time between two looks")
	flags.Parse(arguments)
	for {
		repositories, err := mountedRepositories()
		if err != nil {
			return err
		}
		for _, repository := range repositories {
			if _, err := os.Stat(repository); !errors.Is(err, syscall.ENOTCONN) {
				continue
			}
			log.Printf("%s is corrupted, unmounting", repository)
			if err := run("umount", repository); err != nil {
				log.Printf("Failed to unmount %s during mount reconciliation: %v", repository, err)
			}
		}
		time.Sleep(*period)
	}
}

func mountedRepositories() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var repositories []string
	for _, line := range strings.Split(string(mounts), "\n") {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if len(fields) > 4 && strings.HasPrefix(fields[4], cvmfsRoot+"/") && strings.HasPrefix(after, "fuse") {
			repositories = append(repositories, fields[4])
		}
	}
	return repositories, nil
}
