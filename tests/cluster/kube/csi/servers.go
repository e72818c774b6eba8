package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/mount-utils"
)

type identityServer struct {
	csi.UnimplementedIdentityServer
}

func (identityServer) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: driverName, VendorVersion: "v2.5.2"}, nil
}

func (identityServer) GetPluginCapabilities(
	context.Context, *csi.GetPluginCapabilitiesRequest,
) (*csi.GetPluginCapabilitiesResponse, error) {
	return &csi.GetPluginCapabilitiesResponse{}, nil
}

// Probe is content whatever the state of the mounts, as the driver's is.
func (identityServer) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}

// registrationServer is the work of the sidecar node-driver-registrar.
type registrationServer struct {
	registration.UnimplementedRegistrationServer
	endpoint string
}

func (server registrationServer) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              driverName,
		Endpoint:          server.endpoint,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (registrationServer) NotifyRegistrationStatus(
	_ context.Context, answer *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	log.Printf("registered: %v %s", answer.PluginRegistered, answer.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

type nodeServer struct {
	csi.UnimplementedNodeServer
	nodeID string
}

func (server nodeServer) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: server.nodeID}, nil
}

func (nodeServer) NodeGetCapabilities(
	context.Context, *csi.NodeGetCapabilitiesRequest,
) (*csi.NodeGetCapabilitiesResponse, error) {
	stages := &csi.NodeServiceCapability_RPC{Type: csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME}
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{
		{Type: &csi.NodeServiceCapability_Rpc{Rpc: stages}},
	}}, nil
}

// NodeStageVolume has work only for volumes with a clientConfig. It comes first, so that pods' events show its refusals.
func (nodeServer) NodeStageVolume(
	_ context.Context, request *csi.NodeStageVolumeRequest,
) (*csi.NodeStageVolumeResponse, error) {
	if err := refusal(request.GetVolumeCapability(), request.GetVolumeContext(), ""); err != nil {
		return nil, err
	}
	for _, attribute := range []string{"clientConfig", "clientConfigFilepath"} {
		if request.GetVolumeContext()[attribute] != "" {
			return nil, status.Errorf(codes.Unimplemented, "this double of the driver mounts no volume with %s", attribute)
		}
	}
	return &csi.NodeStageVolumeResponse{}, nil
}

func (nodeServer) NodeUnstageVolume(
	context.Context, *csi.NodeUnstageVolumeRequest,
) (*csi.NodeUnstageVolumeResponse, error) {
	return &csi.NodeUnstageVolumeResponse{}, nil
}

// NodePublishVolume binds all of /cvmfs, through which repositories mounted later are seen, or one repository.
func (nodeServer) NodePublishVolume(
	_ context.Context, request *csi.NodePublishVolumeRequest,
) (*csi.NodePublishVolumeResponse, error) {
	advice := ", please use clientConfig instead"
	if err := refusal(request.GetVolumeCapability(), request.GetVolumeContext(), advice); err != nil {
		return nil, err
	}
	target := request.GetTargetPath()
	if err := os.MkdirAll(target, 0o700); err != nil {
		return nil, status.Errorf(codes.Internal, "failed to create mountpoint directory at %s: %v", target, err)
	}
	unmounted, err := mount.IsNotMountPoint(mount.New(""), target)
	switch {
	case mount.IsCorruptedMnt(err):
		return nil, status.Errorf(codes.Internal,
			"unexpected mountpoint state in %s: expected NOT_MOUNTED or MOUNTED, got CORRUPTED", target)
	case err != nil:
		return nil, status.Errorf(codes.Internal, "failed to probe mountpoint %s: %v", target, err)
	case !unmounted:
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if repository := request.GetVolumeContext()["repository"]; repository != "" {
		err = run("mount", "--bind", filepath.Join(cvmfsRoot, repository), target)
	} else {
		err = run("mount", cvmfsRoot, target, "--rbind", "--make-slave")
	}
	if err != nil {
		return nil, status.Errorf(codes.Internal, "failed to bind mount: %v", err)
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (nodeServer) NodeUnpublishVolume(
	_ context.Context, request *csi.NodeUnpublishVolumeRequest,
) (*csi.NodeUnpublishVolumeResponse, error) {
	target := request.GetTargetPath()
	unmounted, err := mount.IsNotMountPoint(mount.New(""), target)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &csi.NodeUnpublishVolumeResponse{}, nil
	case err != nil && !mount.IsCorruptedMnt(err):
		return nil, status.Errorf(codes.Internal, "failed to probe for mountpoint %s: %v", target, err)
	}
	if !unmounted {
		if err := run("umount", target, "--recursive"); err != nil {
			return nil, status.Errorf(codes.Internal, "failed to unmount %s: %v", target, err)
		}
	}
	if err := os.Remove(target); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// refusal is what the driver will not mount, in its words: it gives advice only where it publishes.
func refusal(capability *csi.VolumeCapability, attributes map[string]string, advice string) error {
	var refused error
	switch {
	case capability.GetBlock() != nil:
		refused = errors.New("volume access type Block is unsupported")
	case capability.GetAccessMode().GetMode() != csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY:
		refused = errors.New("volume access mode must be ReadOnlyMany")
	}
	for _, attribute := range []string{"hash", "tag"} {
		if _, given := attributes[attribute]; given && refused == nil {
			refused = fmt.Errorf("volume parameter %s is not supported%s", attribute, advice)
		}
	}
	configured := attributes["clientConfig"] != "" || attributes["clientConfigFilepath"] != ""
	if refused == nil && configured && attributes["repository"] == "" {
		refused = errors.New("failed to parse volume context: repository must be set too when specifying clientConfig")
	}
	if refused == nil {
		return nil
	}
	return status.Error(codes.InvalidArgument, refused.Error())
}
