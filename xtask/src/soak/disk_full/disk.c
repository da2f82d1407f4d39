/* A disk that is full at a chosen write: loaded before a program's own library, it counts the writes below one folder and
 * refuses them, with "no space left", from a moment on that another process sets in a shared file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Writes that still succeed; below zero: all do. Writes so far. Writes refused. */
static _Atomic int64_t *control;
static _Atomic int64_t nothing[3];
static const char *folder;

static void __attribute__((constructor)) begin(void) {
    nothing[0] = -1;
    control = nothing;
    folder = getenv("FULL_DISK_FOLDER");
    const char *path = getenv("FULL_DISK_CONTROL");
    if (!folder || !path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) control = memory;
}

static int inside(const char *path) { return folder && path && strncmp(path, folder, strlen(folder)) == 0; }

static int refused(void) {
    atomic_fetch_add(&control[1], 1);
    int64_t left = atomic_load(&control[0]);
    while (left > 0 && !atomic_compare_exchange_weak(&control[0], &left, left - 1)) {}
    if (left != 0) return 0;
    atomic_fetch_add(&control[2], 1);
    errno = ENOSPC;
    return 1;
}

static int refused_to(int file) {
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    int before = errno;
    ssize_t length = readlink(name, path, sizeof path - 1);
    errno = before;
    if (length <= 0) return 0;
    path[length] = 0;
    return inside(path) && refused();
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = dlsym(RTLD_NEXT, name)

ssize_t write(int file, const void *bytes, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return refused_to(file) ? -1 : real(file, bytes, length);
}

ssize_t writev(int file, const struct iovec *pieces, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return refused_to(file) ? -1 : real(file, pieces, count);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return refused_to(file) ? -1 : real(file, bytes, length, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return refused_to(file) ? -1 : real(file, bytes, length, at);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    return inside(path) && access(path, F_OK) != 0 && refused() ? -1 : real(path, mode);
}

static int makes(const char *path, int flags) { return flags & O_CREAT && inside(path) && access(path, F_OK) != 0 && refused(); }

int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return makes(path, flags) ? -1 : real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return makes(path, flags) ? -1 : real(path, flags, mode);
}
