package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// download copies every object below a prefix into a folder.
func download(args []string) error {
	if len(args) != 2 || !strings.HasPrefix(args[0], "s3://") {
		return fmt.Errorf("usage: model-downloader s3://bucket/prefix folder")
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(args[0], "s3://"), "/")
	prefix = strings.TrimSuffix(prefix, "/") + "/"
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	client := s3.NewFromConfig(settings, func(options *s3.Options) { options.UsePathStyle = true })
	files, bytes := 0, int64(0)
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			path := filepath.Join(args[1], filepath.FromSlash(strings.TrimPrefix(*object.Key, prefix)))
			if err := fetch(ctx, client, bucket, *object.Key, path); err != nil {
				return err
			}
			files, bytes = files+1, bytes+aws.ToInt64(object.Size)
			fmt.Printf("download: s3://%s/%s to %s\n", bucket, *object.Key, path)
		}
	}
	if files == 0 {
		return fmt.Errorf("nothing lies below %s", args[0])
	}
	fmt.Printf("downloaded %d files, %d bytes\n", files, bytes)
	return nil
}

func fetch(ctx context.Context, client *s3.Client, bucket, key, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	defer object.Body.Close()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, object.Body); err != nil {
		return err
	}
	return file.Close()
}
