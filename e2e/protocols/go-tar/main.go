// Writes a folder as a tar with Go's archive/tar: go-tar <ustar|gnu|pax> <folder> <name of the folder in the archive>
package main

import (
	"archive/tar"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var formats = map[string]tar.Format{"ustar": tar.FormatUSTAR, "gnu": tar.FormatGNU, "pax": tar.FormatPAX}

func main() {
	format, folder, name := formats[os.Args[1]], os.Args[2], os.Args[3]
	writer := tar.NewWriter(os.Stdout)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return add(writer, path, filepath.ToSlash(filepath.Join(name, below)), entry, format)
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		log.Fatal(err)
	}
}

func add(writer *tar.Writer, path, name string, entry fs.DirEntry, format tar.Format) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	header.Name = name
	// The first standard has no room for these, nor for names beyond ASCII, where Go takes another format.
	header.AccessTime, header.ChangeTime, header.ModTime = time.Time{}, time.Time{}, info.ModTime().Truncate(time.Second)
	if format != tar.FormatUSTAR || !strings.ContainsFunc(name, func(char rune) bool { return char > 127 }) {
		header.Format = format
	}
	if entry.IsDir() {
		header.Name += "/"
	}
	if err := writer.WriteHeader(header); err != nil || entry.IsDir() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(writer, file)
	return err
}
