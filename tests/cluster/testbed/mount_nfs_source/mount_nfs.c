/* mount.nfs for a kernel without an NFS client: libnfs asks the server, and FUSE gives its answers to the kernel.
 *
 * For tests only: read-only, one request at a time. It is a hard mount: while the server is away calls wait (and
 * can be interrupted), and when it is back they go on, with whatever was open.
 *
 * Usage, as mount(8) calls it: mount.nfs SERVER:/PATH DIRECTORY [-o OPTIONS]
 * Options that count: port=N, ac/noac, actimeo=N; all others are taken and ignored, as is -s. Unlike the real one it
 * does not go on trying for two minutes where the first attempt fails (retry=0).
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <netdb.h>
#include <nfsc/libnfs.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { EX_USAGE_ = 1, EX_FAIL = 32 };

static struct {
    char server[256], path[4096], port[8];
    double attribute_seconds;
    pthread_mutex_t lock;
    struct nfs_context *nfs; /* NULL: not connected */
    unsigned long generation; /* of the connection: what was opened in an older one must be opened anew */
} M = {.port = "2049", .attribute_seconds = 3, .lock = PTHREAD_MUTEX_INITIALIZER};

struct file {
    char *path;
    struct nfsfh *handle;
    unsigned long generation;
};

static void disconnect(void) {
    if (M.nfs) nfs_destroy_context(M.nfs);
    M.nfs = NULL;
}

static int connect_(char *why, size_t size) {
    struct nfs_context *nfs = nfs_init_context();
    if (!nfs) return -ENOMEM;
    /* This version of libnfs takes the port from nowhere else. Its own way to connect again does not open files
     * again: see with_server. */
    char settings[400];
    snprintf(settings, sizeof settings, "nfs://%s/?version=4&autoreconnect=0&nfsport=%s", M.server, M.port);
    struct nfs_url *url = nfs_parse_url_dir(nfs, settings);
    if (url) nfs_destroy_url(url);
    int code = nfs_mount(nfs, M.server, M.path);
    if (code < 0) {
        if (why) snprintf(why, size, "%s", nfs_get_error(nfs));
        nfs_destroy_context(nfs);
        return code;
    }
    M.nfs = nfs;
    M.generation++;
    return 0;
}

/* Whether the server itself has said this; all else means that it could not be asked. */
static bool is_answer(int code) {
    switch (-code) {
    case ENOENT: case ENOTDIR: case EISDIR: case EACCES: case EPERM: case EROFS: case EINVAL: case ENAMETOOLONG:
    case ENOSPC: case EFBIG: case ELOOP: case ENXIO: case ENOTEMPTY: case EEXIST: case ENOMEM:
        return true;
    default:
        return code >= 0;
    }
}

typedef int (*question)(const char *path, void *answer);

/* Ask until the server has answered, however long that takes: a hard mount. */
static int with_server(question ask, const char *path, void *answer) {
    for (bool again = false;; again = true) {
        pthread_mutex_lock(&M.lock);
        int code = M.nfs ? 0 : connect_(NULL, 0);
        bool connected = code == 0;
        if (connected) code = ask(path, answer);
        if (connected && !is_answer(code)) disconnect();
        pthread_mutex_unlock(&M.lock);
        if (connected && is_answer(code)) return code;
        if (fuse_interrupted()) return -EINTR;
        if (again) nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
}

static int ask_status(const char *path, void *answer) {
    struct nfs_stat_64 s;
    int code = nfs_lstat64(M.nfs, path, &s);
    if (code < 0) return code;
    struct stat *status = answer;
    *status = (struct stat){
        .st_ino = s.nfs_ino, .st_mode = s.nfs_mode, .st_nlink = s.nfs_nlink, .st_uid = s.nfs_uid, .st_gid = s.nfs_gid,
        .st_size = s.nfs_size, .st_blksize = s.nfs_blksize, .st_blocks = (s.nfs_size + 511) / 512,
        .st_atim = {s.nfs_atime, s.nfs_atime_nsec}, .st_mtim = {s.nfs_mtime, s.nfs_mtime_nsec},
        .st_ctim = {s.nfs_ctime, s.nfs_ctime_nsec},
    };
    return 0;
}

static int on_getattr(const char *path, struct stat *status, struct fuse_file_info *info) {
    (void)info;
    return with_server(ask_status, path, status);
}

struct text { char *bytes; size_t size; };

static int ask_link(const char *path, void *answer) {
    struct text *text = answer;
    struct nfs_stat_64 s;
    char target[8192];
    int code = nfs_lstat64(M.nfs, path, &s);
    if (code == 0) code = nfs_readlink(M.nfs, path, target, sizeof target);
    if (code < 0) return code;
    /* libnfs 4 does not end the target where it ends: its length is in the status. */
    snprintf(text->bytes, text->size, "%.*s", (int)s.nfs_size, target);
    return 0;
}

static int on_readlink(const char *path, char *bytes, size_t size) {
    return with_server(ask_link, path, &(struct text){bytes, size});
}

struct listing { void *buffer; fuse_fill_dir_t fill; };

static int ask_list(const char *path, void *answer) {
    struct listing *listing = answer;
    struct nfsdir *directory;
    int code = nfs_opendir(M.nfs, path, &directory);
    if (code < 0) return code;
    for (struct nfsdirent *entry; (entry = nfs_readdir(M.nfs, directory));)
        listing->fill(listing->buffer, entry->name, NULL, 0, 0);
    nfs_closedir(M.nfs, directory);
    return 0;
}

static int on_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                      enum fuse_readdir_flags flags) {
    (void)offset, (void)info, (void)flags;
    return with_server(ask_list, path, &(struct listing){buffer, fill});
}

static int ask_open(const char *path, void *answer) {
    struct file *file = answer;
    if (file->handle && file->generation == M.generation) return 0;
    file->handle = NULL;
    int code = nfs_open(M.nfs, path, O_RDONLY, &file->handle);
    if (code < 0) return code;
    file->generation = M.generation;
    return 0;
}

static int on_open(const char *path, struct fuse_file_info *info) {
    if ((info->flags & O_ACCMODE) != O_RDONLY) return -EROFS;
    struct file *file = calloc(1, sizeof *file);
    if (!file || !(file->path = strdup(path))) return -ENOMEM;
    int code = with_server(ask_open, path, file);
    if (code < 0) {
        free(file->path);
        free(file);
        return code;
    }
    info->fh = (uint64_t)(uintptr_t)file;
    return 0;
}

struct piece { struct file *file; char *bytes; size_t size; off_t offset; };

static int ask_read(const char *path, void *answer) {
    struct piece *piece = answer;
    int code = ask_open(path, piece->file);
    if (code < 0) return code;
    size_t got = 0;
    while (got < piece->size) {
        code = nfs_pread(M.nfs, piece->file->handle, piece->offset + got, piece->size - got, piece->bytes + got);
        if (code < 0) return code;
        if (code == 0) break;
        got += code;
    }
    return (int)got;
}

static int on_read(const char *path, char *bytes, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)path;
    struct file *file = (struct file *)(uintptr_t)info->fh;
    return with_server(ask_read, file->path, &(struct piece){file, bytes, size, offset});
}

static int on_release(const char *path, struct fuse_file_info *info) {
    (void)path;
    struct file *file = (struct file *)(uintptr_t)info->fh;
    pthread_mutex_lock(&M.lock);
    if (M.nfs && file->handle && file->generation == M.generation && nfs_close(M.nfs, file->handle) < 0) disconnect();
    pthread_mutex_unlock(&M.lock);
    free(file->path);
    free(file);
    return 0;
}

static int ask_space(const char *path, void *answer) { return nfs_statvfs(M.nfs, path, answer); }

static int on_statfs(const char *path, struct statvfs *space) { return with_server(ask_space, path, space); }

static void *on_init(struct fuse_conn_info *connection, struct fuse_config *config) {
    (void)connection;
    config->use_ino = 1;
    config->auto_cache = 1;
    config->intr = 1;
    config->attr_timeout = config->entry_timeout = M.attribute_seconds;
    return NULL;
}

static const struct fuse_operations operations = {
    .init = on_init, .getattr = on_getattr, .readlink = on_readlink, .readdir = on_readdir, .open = on_open,
    .read = on_read, .release = on_release, .statfs = on_statfs,
};

static int fail(const char *format, const char *a, const char *b) {
    fputs("mount.nfs: ", stderr);
    fprintf(stderr, format, a, b);
    fputc('\n', stderr);
    return EX_FAIL;
}

static void read_options(char *options) {
    for (char *rest = NULL, *option = strtok_r(options, ",", &rest); option; option = strtok_r(NULL, ",", &rest)) {
        if (!strncmp(option, "port=", 5)) snprintf(M.port, sizeof M.port, "%.7s", option + 5);
        if (!strncmp(option, "actimeo=", 8)) M.attribute_seconds = atof(option + 8);
        if (!strcmp(option, "noac")) M.attribute_seconds = 0;
    }
}

/* Say what a person would be told who has made a mistake. */
static int check_server(void) {
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(M.server, M.port, &hints, &found);
    if (code != 0) return fail("Failed to resolve server %s: %s", M.server, gai_strerror(code));
    int error = 0;
    for (struct addrinfo *one = found; one; one = one->ai_next) {
        int socket_ = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        error = connect(socket_, one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
        close(socket_);
        if (error == 0) break;
    }
    freeaddrinfo(found);
    return error ? fail("%s%s", strerror(error), "") : 0;
}

static int serve(const char *source, const char *directory) {
    char named[4600];
    snprintf(named, sizeof named, "-oro,allow_other,nosuid,nodev,subtype=nfs4,fsname=%s", source);
    char *words[] = {"mount.nfs", named, NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(2, words);
    struct fuse *fuse = fuse_new(&arguments, &operations, sizeof operations, NULL);
    if (!fuse) return EX_FAIL;
    if (fuse_mount(fuse, directory) != 0) return EX_FAIL;
    /* The caller's process ends here, with the file system mounted. */
    fuse_daemonize(0);
    fuse_set_signal_handlers(fuse_get_session(fuse));
    int code = fuse_loop_mt(fuse, 0);
    fuse_unmount(fuse);
    return code == 0 ? 0 : EX_FAIL;
}

int main(int count, char **words) {
    const char *source = NULL, *directory = NULL;
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "-o") && i + 1 < count) read_options(words[++i]);
        else if ((!strcmp(words[i], "-t") || !strcmp(words[i], "-N")) && i + 1 < count) i++;
        else if (words[i][0] == '-') continue;
        else if (!source) source = words[i];
        else directory = words[i];
    }
    const char *colon = source ? strstr(source, ":/") : NULL;
    if (!directory || !colon || colon - source >= (long)sizeof M.server) {
        fputs("usage: mount.nfs remotetarget dir [-rvVwfnsh] [-o nfsoptions]\n", stderr);
        return EX_USAGE_;
    }
    snprintf(M.server, sizeof M.server, "%.*s", (int)(colon - source), source);
    snprintf(M.path, sizeof M.path, "%s", colon + 1);
    int code = check_server();
    if (code != 0) return code;
    char why[512] = "";
    if ((code = connect_(why, sizeof why)) != 0)
        return fail("mounting %s failed, reason given by server: %s", source, code == -EFAULT ? why : strerror(-code));
    return serve(source, directory);
}
