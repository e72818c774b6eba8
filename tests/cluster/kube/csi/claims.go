package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	// Kubernetes' volume controller writes these on a claim that it leaves to a provisioner outside.
	provisionerOfClaim = "volume.kubernetes.io/storage-provisioner"
	nodeOfClaim        = "volume.kubernetes.io/selected-node"

	retryAfter = 10 * time.Second
)

func (p provisioner) reconcile(ctx context.Context) error {
	claims, err := p.claims.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if claim.Status.Phase != core.ClaimPending || claim.Annotations[provisionerOfClaim] != driverName {
			continue
		}
		if err := p.provision(ctx, claim); err != nil {
			return err
		}
	}
	volumes, err := p.volumes.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, volume := range volumes {
		released := volume.Status.Phase == core.VolumeReleased && volume.DeletionTimestamp == nil
		deletes := volume.Spec.PersistentVolumeReclaimPolicy == core.PersistentVolumeReclaimDelete
		if !released || !deletes || volume.Annotations[provisionedBy] != driverName {
			continue
		}
		err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{})
		if err != nil && !errors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (p provisioner) provision(ctx context.Context, claim *core.PersistentVolumeClaim) error {
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || time.Since(p.refused[claim.UID]) < retryAfter {
		return err
	}
	late := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storage.VolumeBindingWaitForFirstConsumer
	if late && claim.Annotations[nodeOfClaim] == "" {
		return nil
	}
	if err := refusalToCreate(claim, class); err != nil {
		p.refused[claim.UID] = time.Now()
		p.events.Eventf(claim, core.EventTypeWarning, "ProvisioningFailed",
			"failed to provision volume with StorageClass %q: %v", class.Name, err)
		return nil
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, volumeFor(claim, class), meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func volumeFor(claim *core.PersistentVolumeClaim, class *storage.StorageClass) *core.PersistentVolume {
	name := "pvc-" + string(claim.UID)
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: driverName}},
		Spec: core.PersistentVolumeSpec{
			AccessModes: claim.Spec.AccessModes,
			Capacity:    claim.Spec.Resources.Requests,
			ClaimRef: &core.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			MountOptions:                  class.MountOptions,
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			StorageClassName:              class.Name,
			PersistentVolumeSource: core.PersistentVolumeSource{CSI: &core.CSIPersistentVolumeSource{
				Driver: driverName, VolumeHandle: name, VolumeAttributes: class.Parameters,
			}},
		},
	}
}

// refusalToCreate is what the driver's controller refuses, which is less than what its node plugin does.
func refusalToCreate(claim *core.PersistentVolumeClaim, class *storage.StorageClass) error {
	for _, mode := range claim.Spec.AccessModes {
		if mode != core.ReadOnlyMany {
			return status.Error(codes.InvalidArgument,
				"volume access mode must be MULTI_NODE_READER_ONLY (ReadOnlyMany)")
		}
	}
	for _, parameter := range []string{"hash", "tag"} {
		if _, given := class.Parameters[parameter]; given {
			return status.Error(codes.InvalidArgument, fmt.Sprintf("volume parameter %s is not supported", parameter))
		}
	}
	return nil
}
