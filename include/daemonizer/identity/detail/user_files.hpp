// SPDX-License-Identifier: BSL-1.0
// Reads /etc/passwd and /etc/group without libc's name service and without memory of its own.
#ifndef DAEMONIZER_IDENTITY_DETAIL_USER_FILES_HPP
#define DAEMONIZER_IDENTITY_DETAIL_USER_FILES_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A field that was read: whether it is the wanted text, and its number.
struct Field {
    static constexpr std::uint64_t no_id = ~std::uint64_t{0};

    bool is_wanted = false;
    std::uint64_t number = no_id; ///< at most 32 bits, or `no_id`
};

/// Reads a file of lines with fields between colons, a character at a time, so that a line may have
/// any length.
template <class Host>
class UserFile {
public:
    UserFile(const Host& host, const char* path) : host_{host} {
        fd_ = host.open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        error_ = fd_ < 0 ? fd_ : 0;
    }
    UserFile(const UserFile&) = delete;
    auto operator=(const UserFile&) -> UserFile& = delete;
    ~UserFile() {
        if (fd_ >= 0)
            host_.close(fd_);
    }

    /// Reads the next field of the line, empty where there is none. In a list commas end it, too.
    auto field(const char* wanted = "", bool is_list = false) -> Field {
        Field field;
        bool same = true, digits = true;
        std::uint64_t number = 0;
        for (unsigned length = 0; !line_is_over(); length = 1) {
            end_ = next();
            if (line_is_over() || end_ == ':' || (is_list && end_ == ',')) {
                field.is_wanted = same && *wanted == '\0' && length != 0;
                if (digits && length != 0 && number <= 0xffffffff)
                    field.number = number;
                break;
            }
            same = same && *wanted != '\0' && static_cast<unsigned char>(*wanted) == end_;
            wanted += same ? 1 : 0;
            digits = digits && end_ >= '0' && end_ <= '9' && number <= 0xffffffff;
            if (digits)
                number = number * 10 + static_cast<std::uint64_t>(end_ - '0');
        }
        return field;
    }
    auto line_is_over() const -> bool { return end_ == '\n' || end_ == end_of_file; }
    /// Goes to the next line. Returns false at the end of the file and after an error.
    auto next_line() -> bool {
        while (!line_is_over())
            field();
        const bool is_end = end_ == end_of_file;
        end_ = 0;
        return !is_end;
    }
    /// Returns 0, or the negative errno that has ended the reading.
    auto error() const -> int { return error_; }

private:
    static constexpr int end_of_file = -1;

    auto next() -> int {
        if (at_ == size_ && !fill())
            return end_of_file;
        return static_cast<unsigned char>(buffer_[at_++]);
    }
    auto fill() -> bool {
        if (error_ < 0)
            return false;
        const long size = host_.read(fd_, buffer_, sizeof buffer_);
        if (size < 0)
            error_ = static_cast<int>(size);
        at_ = 0;
        size_ = size > 0 ? static_cast<unsigned>(size) : 0;
        return size_ != 0;
    }

    const Host& host_;
    int fd_, error_;
    int end_ = 0; ///< the character that ended the last field
    unsigned at_ = 0, size_ = 0;
    char buffer_[1024];
};

/// Returns 1 if the user was found, 0 if not; -EBADMSG if the line has no valid ids; or the
/// negative errno of the reading. passwd(5): "NAME:PASSWORD:UID:GID:...".
template <class Host>
auto find_in_passwd(const Host& host, const char* user, uid_t& uid, gid_t& gid) -> int {
    UserFile<Host> file{host, "/etc/passwd"};
    do {
        if (!file.field(user).is_wanted)
            continue;
        file.field();
        const Field ids[] = {file.field(), file.field()};
        if (file.error() < 0)
            break;
        uid = static_cast<uid_t>(ids[0].number);
        gid = static_cast<gid_t>(ids[1].number);
        return ids[0].number == Field::no_id || ids[1].number == Field::no_id ? -EBADMSG : 1;
    } while (file.next_line());
    return file.error();
}

/// Calls `add(gid)` for each group that lists the user, and writes the id of the group named
/// `group` to `gid`. Returns 1 if that was found, or if none was wanted (""), 0 if not; else as
/// find_in_passwd. group(5): "NAME:PASSWORD:GID:USER,USER...".
template <class Host, class Add>
auto find_in_group(const Host& host, const char* user, const char* group, gid_t& gid, Add add)
    -> int {
    UserFile<Host> file{host, "/etc/group"};
    bool is_found = *group == '\0';
    do {
        const bool is_wanted = file.field(group).is_wanted && !is_found;
        file.field();
        const Field id = file.field();
        bool lists_user = false;
        while (!file.line_is_over())
            lists_user = file.field(user, true).is_wanted || lists_user;
        if (file.error() < 0)
            break;
        if (!is_wanted && !lists_user)
            continue;
        if (id.number == Field::no_id)
            return -EBADMSG;
        if (is_wanted)
            gid = static_cast<gid_t>(id.number);
        if (lists_user)
            add(static_cast<gid_t>(id.number));
        is_found = is_found || is_wanted;
    } while (file.next_line());
    return file.error() < 0 ? file.error() : is_found ? 1 : 0;
}

} // namespace daemonizer::detail

#endif
