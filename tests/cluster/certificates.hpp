/// @file An authority of the test's own, and certificates it signs for nodes.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "support/process.hpp"

namespace phantomdb::test {

/// Files are in a folder that goes with it.
class authority {
public:
    authority() : key_(EVP_EC_gen("P-256")), certificate_(make("authority", "", key_.get(), true)) {
        write(path(), [&](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
    }

    std::string path() const { return folder_ / "ca.pem"; }

    /// Signs a certificate and writes it and its key as `<file>.pem` and `<file>.key`. `dns` may be empty: no alternative name.
    void sign(std::string const& file, std::string const& common_name, std::string const& dns) {
        key_owner const key(EVP_EC_gen("P-256"));
        certificate_owner const made = make(common_name, dns, key.get(), false);
        write(folder_ / (file + ".pem"), [&](std::FILE* out) { return PEM_write_X509(out, made.get()); });
        write(folder_ / (file + ".key"), [&](std::FILE* out) {
            return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    std::string certificate(std::string const& file) const { return folder_ / (file + ".pem"); }
    std::string key(std::string const& file) const { return folder_ / (file + ".key"); }

private:
    struct release {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
        void operator()(X509* certificate) const { X509_free(certificate); }
    };
    using key_owner = std::unique_ptr<EVP_PKEY, release>;
    using certificate_owner = std::unique_ptr<X509, release>;

    static void require(bool good) {
        if (!good) throw std::runtime_error("OpenSSL refuses to make a certificate");
    }
    template <class Write>
    static void write(std::string const& path, Write action) {
        std::FILE* file = std::fopen(path.c_str(), "w");
        require(file != nullptr);
        bool const good = action(file) == 1;
        std::fclose(file);
        require(good);
    }
    static void extend(X509* certificate, int what, std::string const& value) {
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
        require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    certificate_owner make(std::string const& name, std::string const& dns, EVP_PKEY* key, bool signs) {
        certificate_owner made(X509_new());
        X509* const c = made.get();
        X509_set_version(c, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(c), -3600);
        X509_gmtime_adj(X509_getm_notAfter(c), 3600 * 24);
        X509_set_pubkey(c, key);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<unsigned char const*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(c, X509_get_subject_name(signs ? c : certificate_.get()));
        if (signs) extend(c, NID_basic_constraints, "critical,CA:TRUE");
        if (!dns.empty()) extend(c, NID_subject_alt_name, "DNS:" + dns);
        require(X509_sign(c, key_.get(), EVP_sha256()) > 0);
        return made;
    }

    temporary_folder folder_;
    long serial_ = 0;
    key_owner key_;
    certificate_owner certificate_;
};

}  // namespace phantomdb::test
