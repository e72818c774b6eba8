package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	cvmfsRoot   = "/cvmfs"
	autofsMagic = 0x187
)

// runNode serves one node's volumes, and tells the kubelet so. Terminated, it takes itself off the kubelet's list.
func runNode(arguments []string) error {
	flags := flag.NewFlagSet("node", flag.ExitOnError)
	nodeID := flags.String("node-id", "", "the node's name")
	kubelet := flags.String("kubelet-directory", "/var/lib/kubelet", "where the kubelet looks for plugins")
	timeout := flags.Int("automount-startup-timeout", 10, "seconds to wait for autofs")
	flags.Parse(arguments)

	if err := waitForAutofs(*timeout); err != nil {
		return err
	}
	endpoint := filepath.Join(*kubelet, "plugins", driverName, "csi.sock")
	driver := grpc.NewServer(grpc.UnaryInterceptor(logCalls))
	csi.RegisterIdentityServer(driver, &identityServer{})
	csi.RegisterNodeServer(driver, &nodeServer{nodeID: *nodeID})
	registrar := grpc.NewServer()
	registration.RegisterRegistrationServer(registrar, &registrationServer{endpoint: endpoint})

	failures := make(chan error, 2)
	go func() { failures <- serve(driver, endpoint) }()
	go func() {
		failures <- serve(registrar, filepath.Join(*kubelet, "plugins_registry", driverName+"-reg.sock"))
	}()
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-failures:
		return err
	case <-terminated:
		// The kubelet forgets the driver when this socket goes.
		registrar.Stop()
		driver.Stop()
		return nil
	}
}

// waitForAutofs is the driver's own condition for a start: /cvmfs must be autofs, whatever it mounts.
func waitForAutofs(seconds int) error {
	for attempt := 0; attempt < seconds || seconds == 0; attempt++ {
		var found syscall.Statfs_t
		if err := syscall.Statfs(cvmfsRoot, &found); err != nil {
			return err
		}
		if found.Type == autofsMagic {
			return nil
		}
		time.Sleep(time.Second)
	}
	return errors.New("timed-out waiting for autofs in " + cvmfsRoot)
}

// serve removes the socket of a predecessor that was killed; the listener removes its own when it is closed.
func serve(server *grpc.Server, socket string) error {
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return server.Serve(listener)
}

func logCalls(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	answer, err := handle(ctx, request)
	log.Printf("%s %v: %v", info.FullMethod, request, err)
	return answer, err
}

func run(command ...string) error {
	output, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		log.Printf("%v: %v: %s", command, err, output)
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}
