// Command csi stands in for the CernVM-FS CSI driver 2.5.2, which no package registry has.
//
// It goes by the driver's name, makes the driver's calls and refuses what the driver refuses, in its words. What the
// double does not do is volumes with a clientConfig: the driver gives each a CernVM-FS client of its own.
package main

import (
	"log"
	"os"
)

const driverName = "cvmfs.csi.cern.ch"

var roles = map[string]func(arguments []string) error{
	"node":        runNode,
	"provisioner": runProvisioner,
	"reconciler":  runReconciler,
}

func main() {
	if len(os.Args) < 2 || roles[os.Args[1]] == nil {
		log.Fatal("usage: csi node|provisioner|reconciler [option...]")
	}
	if err := roles[os.Args[1]](os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}
