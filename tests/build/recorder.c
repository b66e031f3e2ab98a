/* Preloaded into a program under test: writes to the file named by RECORDER_OUT every change that
 * it makes below the directory named by RECORDER_ROOT, and every sync, in the order in which
 * they were done. Replayed by tests/build/powercut.py, it gives the disk as a power cut leaves it.
 *
 * A record: u64 monotonic ns | u8 operation | u64 inode | u64 offset | u32 a | u32 b | a + b bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, DIRSYNC, WHOLE, BEGIN };

static int out = -1;
static char root[PATH_MAX];
static size_t root_size;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *to = getenv("RECORDER_OUT"), *under = getenv("RECORDER_ROOT");
  if (!to || !under || !realpath(under, root)) return;
  root_size = strlen(root);
  out = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(uint8_t op, uint64_t inode, uint64_t offset, const void *a, uint32_t na,
                const void *b, uint32_t nb) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  struct __attribute__((packed)) { uint64_t ns; uint8_t op; uint64_t inode, offset; uint32_t a, b; }
      head = {(uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec, op, inode, offset, na, nb};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)a, na}, {(void *)b, nb}};
  syscall(SYS_writev, out, parts, 3);
}

/* The path of a descriptor below the root, or 0. */
static int below(int fd, char *path, struct stat *st) {
  char link[64];
  if (out < 0 || fd < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, PATH_MAX - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  if (strncmp(path, root, root_size)) return 0;
  return syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH) == 0;
}

static void absolute(int dir, const char *path, char *to) {
  char parent[PATH_MAX], base[PATH_MAX], joined[2 * PATH_MAX];
  if (path[0] == '/') {
    snprintf(joined, sizeof joined, "%s", path);
  } else {
    char link[64];
    ssize_t n = -1;
    if (dir == AT_FDCWD) { if (getcwd(base, sizeof base)) n = strlen(base); }
    else { snprintf(link, sizeof link, "/proc/self/fd/%d", dir); n = readlink(link, base, sizeof base - 1); }
    if (n < 0) n = 0;
    base[n] = 0;
    snprintf(joined, sizeof joined, "%s/%s", base, path);
  }
  char *slash = strrchr(joined, '/');
  *slash = 0;
  if (!realpath(*joined ? joined : "/", parent)) snprintf(parent, sizeof parent, "%.*s", PATH_MAX - 1, joined);
  snprintf(to, PATH_MAX, "%.*s/%.255s", PATH_MAX - 300, parent, slash + 1);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void opened(int fd, int flags) {
  char path[PATH_MAX];
  struct stat st;
  if (!(flags & (O_CREAT | O_TRUNC)) || !below(fd, path, &st) || !S_ISREG(st.st_mode)) return;
  pthread_mutex_lock(&lock);
  put(OPEN, st.st_ino, (flags & O_TRUNC) != 0, path, strlen(path), 0, 0);
  pthread_mutex_unlock(&lock);
}

#define OPENER(name, signature, call)                    \
  int name signature {                                   \
    mode_t mode = 0;                                     \
    if (flags & (O_CREAT | __O_TMPFILE)) {               \
      va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); \
    }                                                    \
    int fd = REAL(name) call;                            \
    if (fd >= 0) { int kept = errno; opened(fd, flags); errno = kept; } \
    return fd;                                           \
  }
OPENER(open, (const char *path, int flags, ...), (path, flags, mode))
OPENER(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENER(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))
OPENER(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))

static void wrote(int fd, const void *data, ssize_t size, off_t offset) {
  char path[PATH_MAX];
  struct stat st;
  if (size <= 0 || !below(fd, path, &st) || !S_ISREG(st.st_mode)) return;
  put(WRITE, st.st_ino, offset, data, size, 0, 0);
}

static off_t position(int fd, ssize_t size) {
  off_t end = lseek(fd, 0, SEEK_CUR); /* after the write, also for O_APPEND */
  return end < 0 ? 0 : end - size;
}

ssize_t write(int fd, const void *data, size_t size) {
  pthread_mutex_lock(&lock);
  ssize_t n = REAL(write)(fd, data, size);
  int kept = errno;
  if (n > 0) wrote(fd, data, n, position(fd, n));
  errno = kept;
  pthread_mutex_unlock(&lock);
  return n;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  pthread_mutex_lock(&lock);
  ssize_t n = REAL(pwrite64)(fd, data, size, offset);
  int kept = errno;
  wrote(fd, data, n, offset);
  errno = kept;
  pthread_mutex_unlock(&lock);
  return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  return pwrite64(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  pthread_mutex_lock(&lock);
  ssize_t n = REAL(writev)(fd, parts, count);
  int kept = errno;
  if (n > 0) {
    off_t at = position(fd, n);
    ssize_t left = n;
    for (int i = 0; i < count && left > 0; i++) {
      ssize_t part = (ssize_t)parts[i].iov_len < left ? (ssize_t)parts[i].iov_len : left;
      wrote(fd, parts[i].iov_base, part, at);
      at += part;
      left -= part;
    }
  }
  errno = kept;
  pthread_mutex_unlock(&lock);
  return n;
}

int ftruncate64(int fd, off64_t size) {
  pthread_mutex_lock(&lock);
  int r = REAL(ftruncate64)(fd, size), kept = errno;
  char path[PATH_MAX];
  struct stat st;
  if (!r && below(fd, path, &st)) put(TRUNCATE, st.st_ino, size, 0, 0, 0, 0);
  errno = kept;
  pthread_mutex_unlock(&lock);
  return r;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* What a sync makes durable is the content at its beginning: BEGIN and SYNC carry the thread. */
static void synced(int fd, int begins) {
  char path[PATH_MAX];
  struct stat st;
  if (!below(fd, path, &st)) return;
  int op = begins ? BEGIN : S_ISDIR(st.st_mode) ? DIRSYNC : SYNC;
  pthread_mutex_lock(&lock);
  put(op, st.st_ino, syscall(SYS_gettid), path, strlen(path), 0, 0);
  pthread_mutex_unlock(&lock);
}

/* Content that came past write (sendfile, copy_file_range) is taken whole. */
static void whole(int fd) {
  char path[PATH_MAX], link[64];
  struct stat st;
  if (!below(fd, path, &st) || !S_ISREG(st.st_mode)) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int again = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
  char *data = malloc(st.st_size + 1);
  ssize_t n = again < 0 ? -1 : pread(again, data, st.st_size, 0);
  pthread_mutex_lock(&lock);
  if (n >= 0) put(WHOLE, st.st_ino, 0, data, n, 0, 0);
  pthread_mutex_unlock(&lock);
  free(data);
  if (again >= 0) syscall(SYS_close, again);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) {
  ssize_t n = syscall(SYS_sendfile, to, from, offset, size);
  int kept = errno;
  if (n > 0) whole(to);
  errno = kept;
  return n;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
  return sendfile64(to, from, offset, size);
}

ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t size, unsigned flags) {
  ssize_t n = syscall(SYS_copy_file_range, from, a, to, b, size, flags);
  int kept = errno;
  if (n > 0) whole(to);
  errno = kept;
  return n;
}

int fsync(int fd) {
  synced(fd, 1);
  int r = REAL(fsync)(fd), kept = errno;
  if (!r) synced(fd, 0);
  errno = kept;
  return r;
}

int fdatasync(int fd) {
  synced(fd, 1);
  int r = REAL(fdatasync)(fd), kept = errno;
  if (!r) synced(fd, 0);
  errno = kept;
  return r;
}

static int moved(int a, const char *from, int b, const char *to, unsigned flags) {
  char one[PATH_MAX], two[PATH_MAX];
  absolute(a, from, one);
  absolute(b, to, two);
  pthread_mutex_lock(&lock);
  int r = syscall(SYS_renameat2, a, from, b, to, flags), kept = errno;
  if (!r && out >= 0 && !strncmp(two, root, root_size))
    put(RENAME, 0, 0, one, strlen(one), two, strlen(two));
  errno = kept;
  pthread_mutex_unlock(&lock);
  return r;
}
int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return moved(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned f) {
  return moved(a, from, b, to, f);
}

static int removed(int dir, const char *path, int flags) {
  char full[PATH_MAX];
  absolute(dir, path, full);
  pthread_mutex_lock(&lock);
  int r = syscall(SYS_unlinkat, dir, path, flags), kept = errno;
  if (!r && out >= 0 && !(flags & AT_REMOVEDIR) && !strncmp(full, root, root_size))
    put(UNLINK, 0, 0, full, strlen(full), 0, 0);
  errno = kept;
  pthread_mutex_unlock(&lock);
  return r;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) { return removed(dir, path, flags); }
int remove(const char *path) {
  int r = removed(AT_FDCWD, path, 0);
  return r && errno == EISDIR ? removed(AT_FDCWD, path, AT_REMOVEDIR) : r;
}
