package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// The images, by name; each is this program with an environment of its own.
func images() map[string][]string {
	const repository = "sluice.test/shop:"
	all := map[string][]string{
		repository + "bad":     {"VERSION=bad", "FAIL=0.5"},
		repository + "slow":    {"VERSION=slow", "LATENCY=400ms"},
		repository + "crash":   {"VERSION=crash", "READY=false", "CRASH_AFTER=200ms"},
		repository + "unready": {"VERSION=unready", "READY=false"},
	}
	for version := 1; version <= 9; version++ {
		all[fmt.Sprintf("%s%d", repository, version)] = []string{fmt.Sprintf("VERSION=%d", version)}
	}
	return all
}

type blob struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// A tar of an OCI image layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
type layout struct {
	out  *tar.Writer
	have map[string]bool
}

func (l *layout) file(name string, mode int64, data []byte) error {
	if err := l.out.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err := l.out.Write(data)
	return err
}

func (l *layout) blob(mediaType string, data []byte) (blob, error) {
	sum := fmt.Sprintf("%x", sha256.Sum256(data))
	made := blob{MediaType: mediaType, Digest: "sha256:" + sum, Size: len(data)}
	if l.have[sum] {
		return made, nil
	}
	l.have[sum] = true
	return made, l.file("blobs/sha256/"+sum, 0o644, data)
}

func (l *layout) json(mediaType string, value any) (blob, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return blob{}, err
	}
	return l.blob(mediaType, data)
}

func (l *layout) image(layer blob, command []string, environment []string) (blob, error) {
	config, err := l.json("application/vnd.oci.image.config.v1+json", map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": command, "Env": environment},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.Digest}},
	})
	if err != nil {
		return blob{}, err
	}
	const manifest = "application/vnd.oci.image.manifest.v1+json"
	return l.json(manifest, map[string]any{
		"schemaVersion": 2, "mediaType": manifest, "config": config, "layers": []blob{layer},
	})
}

// layer is a file system with this program in it.
func layer() ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(self)
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	files := &layout{out: tar.NewWriter(&data)}
	if err := files.file("shop", 0o755, program); err != nil {
		return nil, err
	}
	return data.Bytes(), files.out.Close()
}

func pack(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	l := &layout{out: tar.NewWriter(file), have: map[string]bool{}}
	data, err := layer()
	if err != nil {
		return err
	}
	base, err := l.blob("application/vnd.oci.image.layer.v1.tar", data)
	if err != nil {
		return err
	}
	var manifests []blob
	add := func(name string, command, environment []string) error {
		made, err := l.image(base, command, environment)
		made.Annotations = map[string]string{"io.containerd.image.name": name}
		manifests = append(manifests, made)
		return err
	}
	if err := add("sluice.test/pause:1", []string{"/shop", "pause"}, nil); err != nil {
		return err
	}
	for name, environment := range images() {
		if err := add(name, []string{"/shop"}, environment); err != nil {
			return err
		}
	}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": manifests})
	if err != nil {
		return err
	}
	if err := l.file("index.json", 0o644, index); err != nil {
		return err
	}
	if err := l.file("oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	return l.out.Close()
}
